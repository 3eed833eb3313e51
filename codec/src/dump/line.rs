//! Lines of the dump.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Most bytes in a line: those of the longest integer.
const WIDEST: usize = 9;

/// Bytes of a payload in a line.
pub(super) const PAYLOAD: usize = 8;

/// Levels that a line is moved to the right for; deeper ones are told by number,
/// so that a line stays short however deep a value nests.
const LEVELS: usize = 16;

/// Longest name that a line shows, in bytes.
const NAME: usize = 48;

/// Writes the line of these bytes.
pub(super) fn put_line(
    out: &mut impl Write,
    offset: u64,
    bytes: &[u8],
    level: usize,
    text: &str,
) -> io::Result<()> {
    let mut hex = String::with_capacity(3 * WIDEST);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x} ");
    }
    let indent = 2 * level.min(LEVELS);
    write!(out, "{offset:04x}  {hex:<28}{:indent$}", "", hex = hex)?;
    if level > LEVELS {
        write!(out, "(level {level}) ")?;
    }
    writeln!(out, "{text}")
}

/// The text of bytes, for people: what is no ASCII character is a dot.
pub(super) fn characters(bytes: &[u8]) -> String {
    let shown = bytes.iter().map(|byte| match byte {
        0x20..=0x7e => char::from(*byte),
        _ => '.',
    });
    shown.collect()
}

/// A name of the stream, made safe for a terminal and not too long.
pub(super) fn name(bytes: &[u8]) -> String {
    let shown = bytes.get(..NAME).unwrap_or(bytes);
    let dots = if shown.len() < bytes.len() { "…" } else { "" };
    printable(&String::from_utf8_lossy(shown)) + dots
}

/// Without what moves the cursor or turns text around.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
