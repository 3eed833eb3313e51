//! Names: from Rust's way of writing them to Go's.

/// How a container's `rename_all` turns identifiers into wire names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `user_id` to `UserId`.
    Pascal,
    /// `user_id` to `UserID`.
    Go,
    Verbatim,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    Lower,
    Upper,
}

/// What `rename_all` may say on a struct: Go sees no field whose name begins
/// with a lower-case letter, so only these make sense.
pub(crate) const FIELD_RULES: &[(&str, Rule)] = &[
    ("PascalCase", Rule::Pascal),
    ("go", Rule::Go),
    ("verbatim", Rule::Verbatim),
];

/// What `rename_all` may say on an enum that travels as a string.
pub(crate) const VARIANT_RULES: &[(&str, Rule)] = &[
    ("verbatim", Rule::Verbatim),
    ("PascalCase", Rule::Verbatim),
    ("camelCase", Rule::Camel),
    ("snake_case", Rule::Snake),
    ("SCREAMING_SNAKE_CASE", Rule::ScreamingSnake),
    ("kebab-case", Rule::Kebab),
    ("lowercase", Rule::Lower),
    ("UPPERCASE", Rule::Upper),
];

/// The words that Go writes in capitals, as golint has them.
const INITIALISMS: &[&str] = &[
    "ACL", "API", "ASCII", "CPU", "CSS", "DNS", "EOF", "GUID", "HTML", "HTTP", "HTTPS", "ID", "IP",
    "JSON", "LHS", "QPS", "RAM", "RHS", "RPC", "SLA", "SMTP", "SQL", "SSH", "TCP", "TLS", "TTL",
    "UDP", "UI", "UID", "UUID", "URI", "URL", "UTF8", "VM", "XML", "XMPP", "XSRF", "XSS",
];

impl Rule {
    /// The wire name of a field.
    pub(crate) fn field(self, ident: &str) -> String {
        match self {
            Self::Verbatim => ident.to_owned(),
            Self::Go => ident.split('_').map(go_word).collect(),
            _ => ident.split('_').map(capital).collect(),
        }
    }

    /// The wire name of a variant. As in serde, every capital begins a word.
    pub(crate) fn variant(self, ident: &str) -> String {
        match self {
            Self::Pascal | Self::Go | Self::Verbatim => ident.to_owned(),
            Self::Camel => {
                let mut chars = ident.chars();
                match chars.next() {
                    Some(first) => first.to_lowercase().chain(chars).collect(),
                    None => String::new(),
                }
            }
            Self::Snake => separated(ident, '_'),
            Self::ScreamingSnake => separated(ident, '_').to_uppercase(),
            Self::Kebab => separated(ident, '-'),
            Self::Lower => ident.to_lowercase(),
            Self::Upper => ident.to_uppercase(),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn go_word(word: &str) -> String {
    let upper = word.to_uppercase();
    if INITIALISMS.contains(&upper.as_str()) {
        upper
    } else {
        capital(word)
    }
}

fn separated(ident: &str, separator: char) -> String {
    let mut text = String::with_capacity(ident.len() + 4);
    for (index, letter) in ident.char_indices() {
        if index > 0 && letter.is_uppercase() {
            text.push(separator);
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// True if Go code can have a field of this name.
pub(crate) fn is_go_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// True if Go's reflection shows a field of this name; gob ignores all others.
pub(crate) fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (ident, pascal, go) in [
            ("user_name", "UserName", "UserName"),
            ("user_id", "UserId", "UserID"),
            ("http_url", "HttpUrl", "HTTPURL"),
            ("x", "X", "X"),
            ("_hidden", "Hidden", "Hidden"),
            ("userName", "UserName", "UserName"),
            ("utf8_text", "Utf8Text", "UTF8Text"),
            ("identity", "Identity", "Identity"),
            ("größe_2", "Größe2", "Größe2"),
        ] {
            assert_eq!(Rule::Pascal.field(ident), pascal);
            assert_eq!(Rule::Go.field(ident), go);
            assert_eq!(Rule::Verbatim.field(ident), ident);
        }
    }

    #[test]
    fn variants() {
        for (rule, name) in [
            (Rule::Verbatim, "DeepRed"),
            (Rule::Camel, "deepRed"),
            (Rule::Snake, "deep_red"),
            (Rule::ScreamingSnake, "DEEP_RED"),
            (Rule::Kebab, "deep-red"),
            (Rule::Lower, "deepred"),
            (Rule::Upper, "DEEPRED"),
        ] {
            assert_eq!(rule.variant("DeepRed"), name);
        }
    }

    #[test]
    fn exported() {
        assert!(is_exported("Name") && is_exported("Ärger"));
        assert!(!is_exported("name") && !is_exported("_Name") && !is_exported("名前"));
        assert!(is_go_identifier("X_1") && is_go_identifier("名前"));
        assert!(!is_go_identifier("X-1") && !is_go_identifier("1X") && !is_go_identifier(""));
    }
}
