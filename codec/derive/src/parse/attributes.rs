//! `#[gob(…)]`, and what of `#[serde(…)]` matters here.

use std::fmt::Write as _;

use proc_macro2::{Span, TokenStream};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Path, Token, Type, WherePredicate, token};

use crate::errors::Errors;

/// What an attribute said, and where.
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

pub(crate) type Slot<T> = Option<Given<T>>;

#[derive(Default)]
pub(crate) struct TypeAttributes {
    pub(crate) name: Slot<String>,
    pub(crate) package: Slot<String>,
    pub(crate) krate: Slot<Path>,
    pub(crate) bound: Slot<Punctuated<WherePredicate, Token![,]>>,
    pub(crate) transparent: Slot<()>,
    pub(crate) string: Slot<()>,
    pub(crate) repr: Slot<String>,
    pub(crate) rename_all: Slot<String>,
    pub(crate) encode_only: Slot<()>,
    pub(crate) interface: Slot<()>,
}

#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) rename: Slot<String>,
    pub(crate) serde_rename: Slot<String>,
    pub(crate) skip: Slot<()>,
    pub(crate) default: Slot<Option<Path>>,
    pub(crate) required: Slot<()>,
    pub(crate) proxy: Slot<Proxy>,
}

/// A field that travels as another type.
pub(crate) enum Proxy {
    /// `as`: by `From` and `TryFrom`.
    As(Type),
    /// `with`: by the functions of a module.
    With(Path),
}

#[derive(Default)]
pub(crate) struct VariantAttributes {
    pub(crate) rename: Slot<String>,
    pub(crate) serde_rename: Slot<String>,
    pub(crate) name: Slot<String>,
    pub(crate) nil: Slot<()>,
    pub(crate) other: Slot<()>,
}

const ON_TYPE: &[&str] = &[
    "name = \"…\"",
    "package = \"…\"",
    "crate = \"…\"",
    "bound = \"…\"",
    "rename_all = \"…\"",
    "transparent",
    "encode_only",
    "string",
    "repr = \"…\"",
    "interface",
];
const ON_FIELD: &[&str] = &[
    "rename = \"…\"",
    "skip",
    "default",
    "default = \"…\"",
    "required",
    "as = \"…\"",
    "with = \"…\"",
];
const ON_VARIANT: &[&str] = &["rename = \"…\"", "name = \"…\"", "nil", "other"];

impl TypeAttributes {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self::default();
        each(attributes, errors, |meta, key, errors| {
            match key {
                "name" => set(&mut this.name, meta, text(meta)?.value(), errors),
                "package" => set(&mut this.package, meta, text(meta)?.value(), errors),
                "crate" => {
                    let path = parsed(meta, "the path of the crate gobrpc-codec", errors)?;
                    set_some(&mut this.krate, meta, path, errors);
                }
                "bound" => {
                    let bounds = parsed::<Bounds>(meta, "bounds such as \"T: Trait\"", errors)?;
                    set_some(&mut this.bound, meta, bounds.map(|bounds| bounds.0), errors);
                }
                "rename_all" => set_text(&mut this.rename_all, meta, errors)?,
                "repr" => set_text(&mut this.repr, meta, errors)?,
                "transparent" => set(&mut this.transparent, meta, (), errors),
                "encode_only" => set(&mut this.encode_only, meta, (), errors),
                "string" => set(&mut this.string, meta, (), errors),
                "interface" => set(&mut this.interface, meta, (), errors),
                _ => unknown(meta, "a type", ON_TYPE, errors)?,
            }
            Ok(())
        });
        this
    }
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self {
            serde_rename: serde_rename(attributes),
            ..Self::default()
        };
        each(attributes, errors, |meta, key, errors| {
            match key {
                "rename" => set_text(&mut this.rename, meta, errors)?,
                "skip" => set(&mut this.skip, meta, (), errors),
                "default" if meta.input.peek(Token![=]) => {
                    let path = parsed(meta, "the path of a function", errors)?;
                    set_some(&mut this.default, meta, path.map(Some), errors);
                }
                "default" => set(&mut this.default, meta, None, errors),
                "required" => set(&mut this.required, meta, (), errors),
                "as" => {
                    let ty = parsed(meta, "a type", errors)?;
                    set_some(&mut this.proxy, meta, ty.map(Proxy::As), errors);
                }
                "with" => {
                    let path = parsed(meta, "the path of a module", errors)?;
                    set_some(&mut this.proxy, meta, path.map(Proxy::With), errors);
                }
                _ => unknown(meta, "a field", ON_FIELD, errors)?,
            }
            Ok(())
        });
        this
    }
}

impl VariantAttributes {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut this = Self {
            serde_rename: serde_rename(attributes),
            ..Self::default()
        };
        each(attributes, errors, |meta, key, errors| {
            match key {
                "rename" => set_text(&mut this.rename, meta, errors)?,
                "name" => set_text(&mut this.name, meta, errors)?,
                "nil" => set(&mut this.nil, meta, (), errors),
                "other" => set(&mut this.other, meta, (), errors),
                _ => unknown(meta, "a variant", ON_VARIANT, errors)?,
            }
            Ok(())
        });
        this
    }
}

/// Calls `item` for each item of each `#[gob(…)]`.
fn each(
    attributes: &[Attribute],
    errors: &mut Errors,
    mut item: impl FnMut(&ParseNestedMeta<'_>, &str, &mut Errors) -> syn::Result<()>,
) {
    for attribute in attributes {
        if !attribute.path().is_ident("gob") {
            continue;
        }
        let result = attribute.parse_nested_meta(|meta| {
            let key = key(&meta.path);
            item(&meta, &key, errors)
        });
        if let Err(error) = result {
            errors.add(error);
        }
    }
}

fn key(path: &Path) -> String {
    path.get_ident()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The string behind `=`.
fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    if !meta.input.peek(Token![=]) {
        let key = key(&meta.path);
        return Err(meta.error(format!("`{key}` wants a value: `{key} = \"…\"`")));
    }
    let value = meta.value()?;
    if !value.peek(LitStr) {
        let key = key(&meta.path);
        return Err(value.error(format!("`{key}` wants a string: `{key} = \"…\"`")));
    }
    value.parse()
}

/// What the string behind `=` holds; none if that was reported to be wrong.
fn parsed<T: Parse>(
    meta: &ParseNestedMeta<'_>,
    want: &str,
    errors: &mut Errors,
) -> syn::Result<Option<T>> {
    let text = text(meta)?;
    let parsed = text.parse();
    if parsed.is_err() {
        errors.push(text.span(), format!("`{}` wants {want}", key(&meta.path)));
    }
    Ok(parsed.ok())
}

/// The inside of `bound`.
struct Bounds(Punctuated<WherePredicate, Token![,]>);

impl Parse for Bounds {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Punctuated::parse_terminated(input).map(Self)
    }
}

fn set_some<T>(
    slot: &mut Slot<T>,
    meta: &ParseNestedMeta<'_>,
    value: Option<T>,
    errors: &mut Errors,
) {
    if let Some(value) = value {
        set(slot, meta, value, errors);
    }
}

fn set<T>(slot: &mut Slot<T>, meta: &ParseNestedMeta<'_>, value: T, errors: &mut Errors) {
    put(slot, &key(&meta.path), meta.path.span(), value, errors);
}

/// As [`set`], but the place is that of the string.
fn set_text(
    slot: &mut Slot<String>,
    meta: &ParseNestedMeta<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let text = text(meta)?;
    put(slot, &key(&meta.path), text.span(), text.value(), errors);
    Ok(())
}

fn put<T>(slot: &mut Slot<T>, key: &str, span: Span, value: T, errors: &mut Errors) {
    if slot.is_some() {
        // `as` and `with` share a slot.
        let what = match key {
            "as" | "with" => "one of `as` and `with`".to_owned(),
            _ => format!("`{key}`"),
        };
        errors.push(span, format!("{what} is given already: remove this"));
    }
    *slot = Some(Given { value, span });
}

/// Reports an item that does not exist and goes on behind it.
fn unknown(
    meta: &ParseNestedMeta<'_>,
    place: &str,
    known: &[&str],
    errors: &mut Errors,
) -> syn::Result<()> {
    let path = &meta.path;
    let mut list = String::new();
    for item in known {
        let comma = if list.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(list, "{comma}`{item}`");
    }
    errors.push(
        path.span(),
        format!(
            "`{}` is no attribute of {place}; there are {list}",
            key(path),
        ),
    );
    skip_value(meta)
}

fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        TokenStream::parse(&content)?;
    }
    Ok(())
}

/// `#[serde(rename = "…")]`. What else serde says, right or wrong, is between it
/// and the user.
fn serde_rename(attributes: &[Attribute]) -> Slot<String> {
    let mut found = None;
    for attribute in attributes {
        if !attribute.path().is_ident("serde") {
            continue;
        }
        // Errors are serde's to report.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") && meta.input.peek(Token![=]) {
                let text: LitStr = meta.value()?.parse()?;
                found = Some(Given {
                    value: text.value(),
                    span: text.span(),
                });
                return Ok(());
            }
            skip_value(&meta)
        });
    }
    found
}
