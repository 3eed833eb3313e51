//! Values for people: JSON over several lines, that says what is meant rather than
//! what was sent.
//!
//! The rest of the command prints [`json`](crate::json), which loses nothing. Here maps
//! are objects, times are dates, and bytes are text where they can be. Nothing
//! recurses: values may nest a million levels deep.

mod known;
mod layout;
mod token;

use std::io::{self, IsTerminal, Write};

use gobrpc_codec::Value;

use crate::json::{Orders, Zeros};
use layout::Layout;
use token::Tokens;

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// With the colours of a terminal.
    colours: bool,
}

impl Style {
    /// As it becomes this output: in colours if it is a terminal that has some, and
    /// nobody said otherwise (<https://no-color.org>).
    pub(crate) fn of(output: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: output.is_terminal() && set("NO_COLOR").is_none() && !dumb,
        }
    }
}

/// Prints a value, without a line end.
///
/// # Errors
///
/// Those of `out`; `InvalidData` if fields that were not sent would add more than
/// 2^20 values. Nothing was printed then.
pub(crate) fn write(value: &Value, style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut zeros = Zeros::default();
    zeros.check(value)?;
    let orders = Orders::of(value, &zeros);
    Layout::new(Tokens::new(value, &orders, &zeros), style, out).write()
}

#[cfg(test)]
mod tests;
