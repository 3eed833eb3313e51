//! Entries of a registry as lines: a table for people, JSON for programs.

use gobrpc_registry::{ServiceEntry, State};

use crate::printable::printable;

/// The names of the columns.
const TITLES: [&str; COLUMNS] = [
    "SERVICE", "VERSION", "ADDRESS", "STATE", "WEIGHT", "ZONE", "TAGS",
];
const COLUMNS: usize = 7;

/// A line for each entry, below the names of the columns.
pub(super) fn table<'a>(entries: impl IntoIterator<Item = &'a ServiceEntry>) -> String {
    let mut rows = vec![TITLES.map(str::to_owned)];
    rows.extend(entries.into_iter().map(cells));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// An entry in one line, for what comes one by one.
pub(super) fn line(entry: &ServiceEntry) -> String {
    cells(entry).join("  ").trim_end().to_owned()
}

fn cells(entry: &ServiceEntry) -> [String; COLUMNS] {
    let state = match entry.state {
        State::Serving => "serving",
        State::Draining => "draining",
        _ => "?",
    };
    [
        printable(entry.name()),
        printable(entry.version()),
        printable(&entry.url()),
        state.to_owned(),
        entry.weight.to_string(),
        printable(if entry.zone.is_empty() {
            "-"
        } else {
            &entry.zone
        }),
        printable(&entry.tags.join(",")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need_be() {
        let one = ServiceEntry::new("user", "v1", "10.0.0.1:80").unwrap();
        let mut two = ServiceEntry::new("né", "v10", "h:8080")
            .unwrap()
            .with_zone("a\u{9b}")
            .with_tag("x")
            .with_tag("y");
        two.state = State::Draining;
        let text = table([&one, &two]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "SERVICE  VERSION  ADDRESS            STATE     WEIGHT  ZONE     TAGS"
        );
        assert_eq!(
            lines[1],
            "user     v1       tcp://10.0.0.1:80  serving   100     -"
        );
        assert!(
            lines[2].ends_with("draining  100     a\\u{9b}  x,y"),
            "{text}"
        );
    }
}
