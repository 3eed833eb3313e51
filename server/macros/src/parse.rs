//! What the attributes `#[service(…)]` and `#[rpc(…)]` say.

use proc_macro2::{TokenStream, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, LitStr, Meta, Path, Token, Type};

use crate::errors::Errors;

/// What `#[service(…)]` says.
#[derive(Default)]
pub(crate) struct ServiceOptions {
    /// The name on the wire.
    pub(crate) name: Option<LitStr>,
    /// The path of the protocol crate.
    pub(crate) protocol: Option<Path>,
}

impl ServiceOptions {
    pub(crate) fn parse(attribute: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("name") {
                let value = meta.value()?.parse()?;
                set(&mut options.name, value, &meta, errors);
            } else if meta.path.is_ident("crate") {
                let text: LitStr = meta.value()?.parse()?;
                let value = text.parse_with(Path::parse_mod_style)?;
                set(&mut options.protocol, value, &meta, errors);
            } else {
                unknown(&meta, "name = \"…\", crate = \"…\"", errors)?;
            }
            Ok(())
        });
        if let Err(error) = parser.parse2(attribute) {
            errors.add(error);
        }
        options
    }
}

/// What `#[rpc(…)]` says.
#[derive(Default)]
pub(crate) struct MethodOptions {
    /// The name on the wire, without that of the service.
    pub(crate) name: Option<LitStr>,
    /// What travels instead of the reply `()`.
    pub(crate) reply: Option<Type>,
    pub(crate) idempotent: bool,
    pub(crate) blocking: bool,
    pub(crate) one_way: bool,
}

impl MethodOptions {
    /// Takes all `#[rpc(…)]` out of the attributes of a method.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        attributes.retain(|attribute| {
            let ours = attribute.path().is_ident("rpc");
            if ours {
                options.read(attribute, errors);
            }
            !ours
        });
        options
    }

    fn read(&mut self, attribute: &Attribute, errors: &mut Errors) {
        if !matches!(attribute.meta, Meta::List(_)) {
            errors.push(
                attribute,
                "say what: `#[rpc(idempotent)]`, `#[rpc(name = \"…\")]`",
            );
            return;
        }
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("idempotent") {
                flag(&mut self.idempotent, &meta, errors)?;
            } else if meta.path.is_ident("blocking") {
                flag(&mut self.blocking, &meta, errors)?;
            } else if meta.path.is_ident("one_way") {
                flag(&mut self.one_way, &meta, errors)?;
            } else if meta.path.is_ident("name") {
                let value = meta.value()?.parse()?;
                set(&mut self.name, value, &meta, errors);
            } else if meta.path.is_ident("reply") {
                let value = meta.value()?.parse()?;
                set(&mut self.reply, value, &meta, errors);
            } else {
                unknown(
                    &meta,
                    "idempotent, blocking, one_way, name = \"…\", reply = Type",
                    errors,
                )?;
            }
            Ok(())
        });
        if let Err(error) = read {
            errors.add(error);
        }
    }
}

fn set<T>(option: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>, errors: &mut Errors) {
    if option.replace(value).is_some() {
        twice(meta, errors);
    }
}

fn flag(option: &mut bool, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
    if std::mem::replace(option, true) {
        twice(meta, errors);
    }
    if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        errors.push(&meta.path, "this key takes no value");
        skip_value(meta)?;
    }
    Ok(())
}

fn twice(meta: &ParseNestedMeta<'_>, errors: &mut Errors) {
    errors.push(&meta.path, "this key is given twice");
}

fn unknown(meta: &ParseNestedMeta<'_>, known: &str, errors: &mut Errors) -> syn::Result<()> {
    errors.push(&meta.path, format!("unknown key, known are: {known}"));
    skip_value(meta)
}

/// Steps over what follows a wrong key, so that the keys after it are read, too.
fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<TokenTree>()?;
    }
    Ok(())
}
