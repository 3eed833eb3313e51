//! Texts of a peer or a stream, made safe for a terminal.

/// The text without control characters: a peer could otherwise move the cursor,
/// or forge lines of ours.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        // C1 controls, too, and the marks that turn text around.
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    #[test]
    fn controls_do_not_get_through() {
        assert_eq!(
            super::printable("a\n\x1b[2J\u{9b}é→"),
            "a\\n\\u{1b}[2J\\u{9b}é→"
        );
    }
}
