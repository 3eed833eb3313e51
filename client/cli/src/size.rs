//! Sizes on the command line: `64K`, `16M`.

use gobrpc_codec::Limits;

/// Reads a number of bytes: `1048576`, `64K`, `16M`, `1G`.
pub(crate) fn parse(text: &str) -> Result<usize, String> {
    let upper = text.to_ascii_uppercase();
    let plain = upper
        .strip_suffix("IB")
        .or_else(|| upper.strip_suffix('B'))
        .unwrap_or(&upper);
    let (number, shift) = match plain.char_indices().last() {
        Some((at, 'K')) => (plain.get(..at), 10),
        Some((at, 'M')) => (plain.get(..at), 20),
        Some((at, 'G')) => (plain.get(..at), 30),
        _ => (Some(plain), 0),
    };
    number
        .and_then(|number| number.parse::<usize>().ok())
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "write a number of bytes: 1048576, 64K, 16M or 1G".to_owned())
}

/// Limits with messages of this size, and memory to match: at least what there
/// was, and eight bytes for each byte of a message, as in the default limits.
pub(crate) fn limits(limits: Limits, message: usize) -> Limits {
    let memory = message.saturating_mul(8).max(limits.memory_bytes);
    limits.with_message_bytes(message).with_memory_bytes(memory)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_read() {
        for (text, bytes) in [
            ("7", 7),
            ("64K", 65536),
            ("1MiB", 1 << 20),
            ("2gb", 2 << 30),
            ("5B", 5),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "K",
            "-1",
            "1T",
            "99999999999999999999",
            "999999999999999999G",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
