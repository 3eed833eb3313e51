//! [`Orders`]: the order in which the entries of maps are printed.

use std::cmp::Ordering;
use std::collections::HashMap;

use gobrpc_codec::{Map, Value};

use super::{Printer, Zeros};

/// The entries of all maps in a value, sorted by their printed text.
///
/// Maps are sorted from the inside out, so that keys and values that hold maps
/// themselves print in their final form when they are compared. No printed text
/// is kept: a value may print as many times its own size.
#[derive(Default)]
pub(crate) struct Orders<'a>(HashMap<*const Map, Vec<Entry<'a>>>);

type Entry<'a> = (&'a Value, &'a Value);

/// The first bytes of a printed text, which nearly always are enough to compare.
struct Prefix {
    text: Vec<u8>,
    /// The text ends here.
    whole: bool,
}

impl<'a> Orders<'a> {
    pub(crate) fn of(value: &'a Value, zeros: &Zeros) -> Self {
        // Every map stands behind those that it is inside of.
        let mut maps = Vec::new();
        let mut todo = vec![value];
        while let Some(value) = todo.pop() {
            match value {
                Value::Slice(list) | Value::Array(list) => todo.extend(list),
                Value::Struct(value) => todo.extend(value.iter().map(|(_, part)| part)),
                Value::Interface(interface) => todo.extend(interface.value()),
                Value::Map(map) => {
                    if map.len() > 1 {
                        maps.push(map);
                    }
                    todo.extend(map.iter().flat_map(<[&Value; 2]>::from));
                }
                _ => {}
            }
        }
        let mut orders = Self::default();
        for map in maps.into_iter().rev() {
            let sorted = orders.sorted(map, zeros);
            orders.0.insert(map, sorted);
        }
        orders
    }

    /// The sorted entries of a map, if it has more than one.
    pub(crate) fn get(&self, map: &Map) -> Option<&[Entry<'a>]> {
        self.0.get(&std::ptr::from_ref(map)).map(Vec::as_slice)
    }

    fn sorted(&self, map: &'a Map, zeros: &Zeros) -> Vec<Entry<'a>> {
        let entries = map.iter().collect();
        let mut sorted = Vec::with_capacity(map.len());
        // Entries of one key, for which the values decide.
        let mut same: Vec<Entry<'a>> = Vec::new();
        for (entry, is_next) in self.sort_by(entries, |entry| entry.0, zeros) {
            if is_next {
                self.append_run(&mut sorted, &mut same, zeros);
            }
            same.push(entry);
        }
        self.append_run(&mut sorted, &mut same, zeros);
        sorted
    }

    fn append_run(&self, sorted: &mut Vec<Entry<'a>>, run: &mut Vec<Entry<'a>>, zeros: &Zeros) {
        if run.len() > 1 {
            let by_value = self.sort_by(std::mem::take(run), |entry| entry.1, zeros);
            sorted.extend(by_value.into_iter().map(|(entry, _)| entry));
        } else {
            sorted.append(run);
        }
    }

    /// Sorts entries by the text of one side; tells which differ from the one
    /// before them.
    fn sort_by(
        &self,
        entries: Vec<Entry<'a>>,
        side: fn(&Entry<'a>) -> &'a Value,
        zeros: &Zeros,
    ) -> Vec<(Entry<'a>, bool)> {
        let mut keyed: Vec<(Prefix, Entry<'a>)> = entries
            .into_iter()
            .map(|entry| (self.prefix(side(&entry), zeros), entry))
            .collect();
        let compare = |(left, a): &(Prefix, Entry<'a>), (right, b): &(Prefix, Entry<'a>)| {
            left.compare(right)
                .unwrap_or_else(|| self.compare(side(a), side(b), zeros))
        };
        keyed.sort_by(compare);
        let mut differs: Vec<bool> = keyed
            .windows(2)
            .map(|pair| matches!(pair, [a, b] if compare(a, b) != Ordering::Equal))
            .collect();
        differs.insert(0, true);
        keyed
            .into_iter()
            .map(|(_, entry)| entry)
            .zip(differs)
            .collect()
    }

    fn prefix(&self, value: &Value, zeros: &Zeros) -> Prefix {
        const LENGTH: usize = 256;
        let mut text = Vec::new();
        let mut printer = Printer::new(value, self, zeros);
        let mut whole = false;
        while !whole && text.len() < LENGTH {
            whole = !printer.step(&mut text);
        }
        text.shrink_to_fit();
        Prefix { text, whole }
    }

    /// Compares the printed texts of two values, as far as they are the same.
    fn compare(&self, left: &Value, right: &Value, zeros: &Zeros) -> Ordering {
        let mut left = Pieces::new(Printer::new(left, self, zeros));
        let mut right = Pieces::new(Printer::new(right, self, zeros));
        loop {
            let (a, b) = (left.rest(), right.rest());
            if a.is_empty() || b.is_empty() {
                return a.len().cmp(&b.len());
            }
            let length = a.len().min(b.len());
            match a.get(..length).cmp(&b.get(..length)) {
                Ordering::Equal => {
                    left.used += length;
                    right.used += length;
                }
                decided => return decided,
            }
        }
    }
}

impl Prefix {
    /// The order of the whole texts, if the prefixes tell.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.whole && other.whole {
            return Some(self.text.cmp(&other.text));
        }
        let length = self.text.len().min(other.text.len());
        match self.text.get(..length).cmp(&other.text.get(..length)) {
            Ordering::Equal => None,
            decided => Some(decided),
        }
    }
}

/// The text of a printer, piece by piece.
struct Pieces<'a> {
    printer: Printer<'a>,
    text: Vec<u8>,
    used: usize,
}

impl<'a> Pieces<'a> {
    fn new(printer: Printer<'a>) -> Self {
        Self {
            printer,
            text: Vec::new(),
            used: 0,
        }
    }

    /// Text that was not used yet; empty at the end.
    fn rest(&mut self) -> &[u8] {
        while self.used >= self.text.len() {
            self.text.clear();
            self.used = 0;
            if !self.printer.step(&mut self.text) {
                break;
            }
        }
        self.text.get(self.used..).unwrap_or_default()
    }
}
