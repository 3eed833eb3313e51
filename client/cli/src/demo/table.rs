//! [`Table`]: the rows that the demo prints at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::duration::show;
use crate::printable::printable;

/// How each call on an endpoint ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Latencies of the calls that were answered well.
    latencies: Vec<Duration>,
    errors: usize,
}

/// Tallies of endpoints, by the names that the rows start with.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<String, Tally>,
}

impl Table {
    /// A row that is there even if it stays empty.
    pub(crate) fn expect(&mut self, endpoint: &str) {
        self.rows.entry(endpoint.to_owned()).or_default();
    }

    pub(crate) fn answered(&mut self, endpoint: &str, latency: Duration) {
        let row = self.rows.entry(endpoint.to_owned()).or_default();
        row.latencies.push(latency);
    }

    pub(crate) fn failed(&mut self, endpoint: &str) {
        self.rows.entry(endpoint.to_owned()).or_default().errors += 1;
    }

    /// Calls of all rows that ended, well or not.
    pub(crate) fn calls(&self) -> usize {
        self.rows.values().map(Tally::calls).sum()
    }

    pub(crate) fn errors(&self) -> usize {
        self.rows.values().map(|row| row.errors).sum()
    }

    /// Endpoints that got no call at all.
    pub(crate) fn idle(&self) -> Vec<&str> {
        self.rows
            .iter()
            .filter(|(_, row)| row.calls() == 0)
            .map(|(endpoint, _)| endpoint.as_str())
            .collect()
    }

    /// The rows as text, below a heading for the first column.
    pub(crate) fn show(&mut self, heading: &str) -> String {
        let cells = |endpoint: &str, rest: [String; 4]| {
            let [calls, errors, p50, p99] = rest;
            format!("  {endpoint:<44} {calls:>7} {errors:>7} {p50:>10} {p99:>10}\n")
        };
        let titles = ["calls", "errors", "p50", "p99"].map(str::to_owned);
        let mut text = cells(heading, titles);
        for (endpoint, row) in &mut self.rows {
            row.latencies.sort_unstable();
            let rest = [
                row.calls().to_string(),
                row.errors.to_string(),
                row.percentile(50),
                row.percentile(99),
            ];
            text.push_str(&cells(&printable(endpoint), rest));
        }
        text
    }
}

impl Tally {
    fn calls(&self) -> usize {
        self.latencies.len() + self.errors
    }

    /// The latency that so many percent of the calls did not exceed (nearest
    /// rank). The latencies are sorted.
    fn percentile(&self, percent: usize) -> String {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        match self.latencies.get(rank.saturating_sub(1)) {
            Some(&latency) => show(latency),
            None => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut table = Table::default();
        table.expect("idle");
        for n in (1..=200).rev() {
            table.answered("busy", Duration::from_millis(n));
        }
        table.failed("busy");
        assert_eq!((table.calls(), table.errors()), (201, 1));
        assert_eq!(table.idle(), ["idle"]);
        let text = table.show("endpoint");
        let busy: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(busy, ["busy", "201", "1", "100.00", "ms", "198.00", "ms"]);
        let idle: Vec<&str> = text.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(idle, ["idle", "0", "0", "-", "-"]);
    }
}
