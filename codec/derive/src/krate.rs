//! Where the user's crate finds `gobrpc-codec`.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::Span;
use syn::{Ident, Path, parse_quote};

/// Our crates that lead to the codec, and the modules on the way: whoever
/// depends on one of them need not depend on the codec as well.
const WAYS: &[(&str, &[&str])] = &[
    ("gobrpc-codec", &[]),
    ("gobrpc-protocol", &["codec"]),
    ("gobrpc-server", &["protocol", "codec"]),
    ("gobrpc-client", &["protocol", "codec"]),
    ("gobrpc-registry", &["protocol", "codec"]),
];

pub(crate) fn path() -> syn::Result<Path> {
    for (package, modules) in WAYS {
        let name = match crate_name(package) {
            // `crate` would be wrong in the package's own tests and examples;
            // the package names itself by `extern crate self as …`.
            Ok(FoundCrate::Itself) => package.replace('-', "_"),
            Ok(FoundCrate::Name(name)) => name,
            Err(_) => continue,
        };
        let name = Ident::new(&name, Span::call_site());
        let modules = modules
            .iter()
            .map(|module| Ident::new(module, Span::call_site()));
        return Ok(parse_quote!(::#name #(::#modules)*));
    }
    Err(syn::Error::new(
        Span::call_site(),
        "derive(Gob) finds no gobrpc crate in Cargo.toml: run `cargo add gobrpc-codec`, \
         or say where the codec is, as in `#[gob(crate = \"other::codec\")]`",
    ))
}
