//! Names of fields, from Go's way of writing them to Rust's.

/// Words that `r#` makes identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that nothing makes identifiers.
const NEVER: &[&str] = &["self", "super", "crate"];

/// The name in `snake_case`: `UserID` is `user_id`, `HTTPServer` is `http_server`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            snake.push('_');
            continue;
        }
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        // `IDs` is one word.
        let plural = after == Some(&'s')
            && letters
                .get(index + 2)
                .is_none_or(|next| !next.is_ascii_lowercase());
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (after.is_some_and(char::is_ascii_lowercase) && !plural)
            });
        if begins {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    let words: Vec<_> = snake.split('_').filter(|word| !word.is_empty()).collect();
    let snake = words.join("_");
    if snake.is_empty() {
        "field".to_owned()
    } else if snake.starts_with(|c: char| c.is_ascii_digit()) {
        format!("field_{snake}")
    } else if NEVER.contains(&snake.as_str()) {
        snake + "_"
    } else {
        snake
    }
}

/// The name that the derive macro gives a field on the wire.
pub(super) fn pascal(ident: &str) -> String {
    ident
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

/// The name as it is written in Rust.
pub(super) fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (go, rust, same) in [
            ("X", "x", true),
            ("UserName", "user_name", true),
            ("UserID", "user_id", false),
            ("HTTPServer", "http_server", false),
            ("UserIDs", "user_ids", false),
            ("HasIs", "has_is", true),
            ("F003", "f003", true),
            ("A1B", "a1_b", true),
            ("X_Y", "x_y", false),
            ("Type", "type", true),
            ("Self", "self_", true),
            ("Größe", "gr_e", false),
            ("Ä", "field", false),
        ] {
            assert_eq!(snake(go), rust);
            assert_eq!(pascal(&snake(go)) == go, same, "{go}");
        }
        assert_eq!(ident("type"), "r#type");
    }
}
