//! Identifiers, made of what a stream calls its types and fields.

use std::collections::HashSet;

/// Gives every name once.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The name, with a number behind it if it is taken.
    pub(crate) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.taken.insert(unique.clone()) {
            // What ends with a digit needs a mark before the next one.
            let mark = if name.ends_with(|c: char| c.is_ascii_digit()) {
                "_"
            } else {
                ""
            };
            unique = format!("{name}{mark}{number}");
            number += 1;
        }
        unique
    }
}

/// Longest name that is made of a stream's.
const LONGEST: usize = 60;

/// The name of a type as an identifier in Go and Rust: `Pair[string,main.Point]`
/// is `PairStringPoint`. Empty if the type has no name of its own: Go writes what
/// unnamed ones look like (`[]main.Point`, `struct { X int }`).
pub(crate) fn of_type(name: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(name) else {
        return String::new();
    };
    let head = text.split('[').next().unwrap_or_default();
    if head.is_empty() || !head.chars().all(|c| c.is_alphanumeric() || c == '_') || head == "map" {
        return String::new();
    }
    let mut ident = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.' && c != '/') {
        // Without the package.
        let word = word.rsplit(['.', '/']).next().unwrap_or_default();
        ident.push_str(&capital(word));
    }
    ident.truncate(LONGEST);
    ident
}

/// A word as a part of an identifier: ASCII, beginning with a capital letter.
pub(crate) fn capital(word: &str) -> String {
    let ascii = word.chars().filter(char::is_ascii_alphanumeric);
    let mut ident: String = ascii.skip_while(char::is_ascii_digit).collect();
    if let Some(first) = ident.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ident
}

/// The name of a field as Go's reflection and ours want it: exported. None for
/// others, which Go ignores.
pub(crate) fn exported(name: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(name).ok()?;
    let starts = text.chars().next().is_some_and(char::is_uppercase);
    let letter = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '_',
        false => c.is_alphabetic(),
    };
    (starts && text.chars().all(letter)).then_some(text)
}

/// A name of the stream in a comment.
pub(crate) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let short: String = text.chars().take(LONGEST).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", crate::printable::printable(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (name, ident) in [
            ("Point", "Point"),
            ("point", "Point"),
            ("Pair[string,main.Point]", "PairStringPoint"),
            ("Tree[example.com/a/b.Key]", "TreeKey"),
            ("[]main.Point", ""),
            ("map[string]int", ""),
            ("[4]int", ""),
            ("struct { X int }", ""),
            ("", ""),
        ] {
            assert_eq!(of_type(name.as_bytes()), ident, "{name}");
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Names::new(&["Vec"]);
        let given = ["Vec", "A", "A", "A", "B1", "B1"].map(|name| names.unique(name));
        assert_eq!(given, ["Vec2", "A", "A2", "A3", "B1", "B1_2"]);
    }
}
