//! [`Scanner`]: where a value of msgpack ends.

use super::DEPTH_MAX;
use super::token::{Reserved, size};

/// Finds the end of the first value of a stream, looking at each item once however
/// the stream is cut.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Bytes of the items that were looked at.
    at: usize,
    /// Items that are missing, for each list and map that is open.
    open: Vec<u64>,
    /// How many bytes it takes to go on.
    wanted: usize,
}

/// Why a stream has no next value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The marker that msgpack never uses.
    Reserved,
    /// Nested too deep.
    TooDeep,
    /// It says, or has shown, that it is longer than that.
    TooLong,
}

impl Scanner {
    /// The length of the first value, once it is whole: `input` is what was given the
    /// last time and more, and a value may take at most so many bytes.
    pub(super) fn scan(&mut self, input: &[u8], most: usize) -> Result<Option<usize>, Fault> {
        loop {
            let rest = input.get(self.at..).unwrap_or_default();
            let size = match size(rest) {
                Ok(Some(size)) => size,
                Ok(None) => {
                    if self.at >= most {
                        return Err(Fault::TooLong);
                    }
                    self.wanted = input.len() + 1;
                    return Ok(None);
                }
                Err(Reserved) => return Err(Fault::Reserved),
            };
            let end = self.at.saturating_add(size.head).saturating_add(size.body);
            if end > most {
                return Err(Fault::TooLong);
            }
            if end > input.len() {
                self.wanted = end;
                return Ok(None);
            }
            self.at = end;
            if size.items > 0 {
                if self.open.len() >= DEPTH_MAX {
                    return Err(Fault::TooDeep);
                }
                self.open.push(size.items);
                continue;
            }
            // The end of an item may be that of many that are around it.
            loop {
                let Some(missing) = self.open.last_mut() else {
                    let length = self.at;
                    *self = Self::default();
                    return Ok(Some(length));
                };
                *missing -= 1;
                if *missing > 0 {
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// How many bytes the input must hold before more can come of it.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_however_the_stream_is_cut() {
        // {"a": [1, {}, ""]}, [], nil, "abc"
        let stream = b"\x81\xa1a\x93\x01\x80\xa0\x90\xc0\xa3abc";
        let mut scanner = Scanner::default();
        let (mut start, mut found) = (0, Vec::new());
        for end in 0..=stream.len() {
            while let Some(length) = scanner.scan(&stream[start..end], 100).unwrap() {
                found.push(length);
                start += length;
            }
        }
        assert_eq!(found, [7, 1, 1, 4]);
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
        let scan = |input: &[u8], most| Scanner::default().scan(input, most);
        assert_eq!(scan(&deep(DEPTH_MAX), 1000), Ok(Some(DEPTH_MAX + 1)));
        assert_eq!(scan(&deep(DEPTH_MAX + 1), 1000), Err(Fault::TooDeep));
        assert_eq!(scan(&[0xc1], 1000), Err(Fault::Reserved));
        // A length is known before what has it.
        assert_eq!(scan(&[0xc6, 0, 0, 0, 95], 100), Ok(None));
        assert_eq!(scan(&[0xc6, 0, 0, 0, 96], 100), Err(Fault::TooLong));
        // And so is the sum of many.
        let list = [vec![0xdd, 0, 0, 1, 0], vec![0xc0; 255]].concat();
        assert_eq!(scan(&list, 261), Ok(None));
        assert_eq!(scan(&list, 260), Err(Fault::TooLong));
    }
}
