//! JSON over several lines.

/// The text with a line for each member and element.
///
/// It works on the text, so that the values stay as they were printed: `-0`, and
/// integers that no float holds. Brackets with nothing inside stay together.
pub(crate) fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut inside = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if inside {
            text.push(c);
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                inside = true;
                text.push(c);
            }
            '[' | '{' => {
                text.push(c);
                if let Some(close) = chars.next_if(|&next| matches!(next, ']' | '}')) {
                    text.push(close);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            ']' | '}' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c => text.push(c),
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    /// Deeper levels are not moved further: the text would grow with the square
    /// of the depth, which a peer may choose.
    const DEEPEST: usize = 50;
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn each_part_has_a_line() {
        assert_eq!(
            pretty(r#"{"A":[1,-0],"B":{},"C":"{\"x,\\"}"#),
            "{\n  \"A\": [\n    1,\n    -0\n  ],\n  \"B\": {},\n  \"C\": \"{\\\"x,\\\\\"\n}"
        );
        assert_eq!(pretty("[]"), "[]");
        assert_eq!(pretty("7"), "7");
    }
}
