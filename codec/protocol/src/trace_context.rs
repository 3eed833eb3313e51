//! [`TraceContext`]: W3C Trace Context, level 1, as metadata.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// The key of the metadata that holds a [`TraceContext`].
pub const TRACEPARENT: &str = "traceparent";
/// The key of what vendors of tracing add to it, which is passed on as it is.
pub const TRACESTATE: &str = "tracestate";

/// Which trace a call belongs to, and which span made it: the `traceparent` of
/// W3C Trace Context (<https://www.w3.org/TR/trace-context/>, 3.2).
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::TraceContext;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace: TraceContext = text.parse()?;
/// assert!(trace.is_sampled());
/// assert_eq!(trace.to_string(), text);
/// // A call of our own is a span of its own in the same trace.
/// let child = trace.child(0x1234);
/// assert_eq!(child.trace_id(), trace.trace_id());
/// # Ok::<(), gobrpc_protocol::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// A context of these ids; `None` if one of them is 0, which stands for
    /// none.
    #[must_use]
    pub const fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self {
            trace_id,
            span_id,
            flags: sampled as u8,
        })
    }

    /// The first that the metadata holds, if it is one.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        metadata.get_str(TRACEPARENT)?.parse().ok()
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The span that made the call.
    #[must_use]
    pub const fn span_id(&self) -> u64 {
        self.span_id
    }

    /// True if who made the call records it.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// The same trace with another span; 0, which is none, becomes 1.
    #[must_use]
    pub const fn child(mut self, span_id: u64) -> Self {
        self.span_id = if span_id == 0 { 1 } else { span_id };
        self
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id, self.span_id, self.flags
        )
    }
}

impl FromStr for TraceContext {
    type Err = Error;

    /// Later versions may have more behind the flags, which is ignored (3.2.4).
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for what is no `traceparent`.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| Error::invalid_argument("no W3C traceparent"))
    }
}

fn parse(text: &str) -> Option<TraceContext> {
    let hex = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        let lower = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        lower.then_some(digits)
    };
    let dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    let version = u8::from_str_radix(hex(0..2)?, 16).ok()?;
    if !(dash(2) && dash(35) && dash(52)) || version == 0xff {
        return None;
    }
    let ends_well = match version {
        0 => text.len() == 55,
        _ => text.len() == 55 || dash(55),
    };
    if !ends_well {
        return None;
    }
    let mut trace = TraceContext::new(
        u128::from_str_radix(hex(3..35)?, 16).ok()?,
        u64::from_str_radix(hex(36..52)?, 16).ok()?,
        false,
    )?;
    trace.flags = u8::from_str_radix(hex(53..55)?, 16).ok()? & 1;
    Some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_refuses_is_refused() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-0f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
        }
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-what";
        let trace: TraceContext = later.parse().unwrap();
        assert_eq!(
            trace.to_string(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        );
        assert_eq!(trace.child(0).span_id(), 1);
    }
}
