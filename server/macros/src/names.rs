//! Names: from Rust's way of writing them to Go's, and names that are free.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

/// Names that begin so are the framework's own (`_goRPC_.Cancel` is that of a Go
/// fork, too).
pub(crate) const RESERVED_PREFIX: &str = "_goRPC_";

/// `get_http_url` to `GetHttpUrl`: Go's servers export only names that begin
/// with a capital.
pub(crate) fn pascal_case(ident: &str) -> String {
    ident
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters)
        })
        .collect()
}

/// `UserService` to `USER_SERVICE`, `HTTPStore` to `HTTP_STORE`.
pub(crate) fn screaming_snake_case(ident: &str) -> String {
    let letters: Vec<char> = ident.chars().collect();
    let mut text = String::with_capacity(ident.len() + 4);
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|&before| {
                let last_of_capitals = letters
                    .get(index + 1)
                    .is_some_and(|after| after.is_lowercase());
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && last_of_capitals)
            });
        if begins_word {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}

/// Every identifier that a trait mentions.
///
/// Type parameters are not hygienic: a parameter `C` of the generated client
/// would hide a type `C` of the user's.
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    pub(crate) fn by(tokens: TokenStream) -> Self {
        let mut taken = HashSet::new();
        let mut rest = vec![tokens];
        while let Some(tokens) = rest.pop() {
            for token in tokens {
                match token {
                    TokenTree::Group(group) => rest.push(group.stream()),
                    TokenTree::Ident(ident) => {
                        taken.insert(ident.to_string());
                    }
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
        }
        Self(taken)
    }

    /// The wanted name, with as many underscores as make it free.
    pub(crate) fn free(&self, wanted: &str) -> Ident {
        let mut name = wanted.to_owned();
        while self.0.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, Span::mixed_site())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pascal() {
        for (ident, name) in [
            ("multiply", "Multiply"),
            ("get_http_url", "GetHttpUrl"),
            ("_hidden", "Hidden"),
            ("getItem", "GetItem"),
            ("get_2fa", "Get2fa"),
            ("größe", "Größe"),
            ("x", "X"),
            ("__", ""),
        ] {
            assert_eq!(pascal_case(ident), name);
        }
    }

    #[test]
    fn screaming() {
        for (ident, name) in [
            ("Arith", "ARITH"),
            ("UserService", "USER_SERVICE"),
            ("HTTPStore", "HTTP_STORE"),
            ("KV", "KV"),
            ("KVStore2", "KV_STORE2"),
            ("V2Store", "V2_STORE"),
            ("Snake_Case", "SNAKE_CASE"),
        ] {
            assert_eq!(screaming_snake_case(ident), name);
        }
    }

    #[test]
    fn free_names() {
        let taken = Taken::by("fn f(&self, c: Vec<C>) -> C_".parse().unwrap());
        assert_eq!(taken.free("C"), "C__");
        assert_eq!(taken.free("S"), "S");
    }
}
