//! [`Scanner`]: where a JSON text ends.

use super::DEPTH_MAX;

/// Finds the end of the first object or array of a stream, looking at each byte
/// once however the stream is cut.
///
/// It does not check the text: what it takes for an end is one, or the text is
/// malformed and its reader says so.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Bytes that were looked at.
    at: usize,
    depth: usize,
    /// A bit for each level: set for an object. The innermost is the lowest.
    objects: u128,
    in_string: bool,
    escaped: bool,
}

/// What cannot begin a message, or go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Neither an object nor an array.
    NoMessage,
    /// An object that ends like an array, or the reverse.
    Mismatch,
    /// Nested too deep.
    TooDeep,
}

impl Scanner {
    /// The length of the first message, once it is whole. `input` is what was
    /// given the last time and more.
    pub(super) fn scan(&mut self, input: &[u8]) -> Result<Option<usize>, Fault> {
        for &byte in input.get(self.at..).unwrap_or_default() {
            self.at += 1;
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(Fault::TooDeep);
                    }
                    self.objects = self.objects << 1 | u128::from(byte == b'{');
                }
                b'}' | b']' if self.depth > 0 => {
                    if (self.objects & 1 == 1) != (byte == b'}') {
                        return Err(Fault::Mismatch);
                    }
                    self.objects >>= 1;
                    self.depth -= 1;
                    if self.depth == 0 {
                        let length = self.at;
                        *self = Self::default();
                        return Ok(Some(length));
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if self.depth == 0 => return Err(Fault::NoMessage),
                b'"' => self.in_string = true,
                _ => {}
            }
        }
        Ok(None)
    }

    /// True inside of a message.
    pub(super) fn is_inside(&self) -> bool {
        self.depth > 0
    }

    /// Takes white space in front of a message for gone, if that is all there is.
    pub(super) fn forget_space(&mut self) {
        if !self.is_inside() {
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_however_the_stream_is_cut() {
        let text = br#"  {"a":"}]\"{", "b":[[],{"c":"\\"}]} [1] "#;
        let ends = [36, 4];
        let mut scanner = Scanner::default();
        let mut start = 0;
        let mut found = Vec::new();
        for end in 0..=text.len() {
            while let Some(length) = scanner.scan(&text[start..end]).unwrap() {
                found.push(length);
                start += length;
            }
        }
        assert_eq!(found, ends);
        assert!(!scanner.is_inside());
    }

    #[test]
    fn depth_and_beginnings_are_bounded() {
        let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        let scan = |text: &[u8]| Scanner::default().scan(text);
        assert_eq!(scan(&deep(DEPTH_MAX)), Ok(Some(2 * DEPTH_MAX)));
        assert_eq!(scan(&deep(DEPTH_MAX + 1)), Err(Fault::TooDeep));
        assert_eq!(scan(b" 1"), Err(Fault::NoMessage));
        assert_eq!(scan(b"]"), Err(Fault::NoMessage));
        assert_eq!(scan(b"[{}}"), Err(Fault::Mismatch));
        assert_eq!(scan(b"{\"a\":[]]"), Err(Fault::Mismatch));
    }
}
