//! What cannot travel, said where it stands and with what to write instead.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::{
    Data, DataEnum, Fields, GenericArgument, Ident, PathArguments, ReturnType, Type, TypePath,
};

use crate::errors::Errors;
use crate::names;
use crate::parse::{Field, Proxy, Slot, TypeAttributes, Variant, VariantAttributes};

/// The integers that an enum's `repr` can name.
const INTEGERS: &[&str] = &[
    "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize",
];

/// Attributes of the type that do not fit its shape or each other.
pub(crate) fn type_attributes(attributes: &TypeAttributes, data: &Data, errors: &mut Errors) {
    let is_enum = matches!(data, Data::Enum(_));
    for (key, span) in [
        ("string", span_of(&attributes.string)),
        ("repr", span_of(&attributes.repr)),
        ("interface", span_of(&attributes.interface)),
    ] {
        if let (Some(span), false) = (span, is_enum) {
            errors.push(
                span,
                format!("`{key}` says how an enum travels, and this is none: remove it"),
            );
        }
    }
    if attributes.interface.is_some() {
        for (key, span) in [
            ("string", span_of(&attributes.string)),
            ("repr", span_of(&attributes.repr)),
            ("rename_all", span_of(&attributes.rename_all)),
        ] {
            if let Some(span) = span {
                errors.push(
                    span,
                    format!("an interface sends the values of its variants: remove `{key}` or `interface`"),
                );
            }
        }
        return;
    }
    if let (Some(string), Some(_)) = (&attributes.string, &attributes.repr) {
        errors.push(
            string.span,
            "an enum travels as a string or as an integer: remove `string` or `repr`",
        );
    }
    if let Some(repr) = &attributes.repr {
        if !INTEGERS.contains(&repr.value.as_str()) {
            errors.push(
                repr.span,
                format!("`repr` can be one of {}", INTEGERS.join(", ")),
            );
        }
    }
    if let Some(transparent) = &attributes.transparent {
        if is_enum {
            errors.push(
                transparent.span,
                "`transparent` is for structs with one field: remove it",
            );
        }
        for (key, span) in [
            ("name", span_of(&attributes.name)),
            ("package", span_of(&attributes.package)),
        ] {
            if let Some(span) = span {
                errors.push(
                    span,
                    format!(
                        "a transparent type takes the name of its field's type: \
                         remove `{key}` or `transparent`"
                    ),
                );
            }
        }
    }
    let unused = match data {
        Data::Enum(_) => attributes.string.is_none(),
        Data::Struct(data) => !matches!(data.fields, Fields::Named(_)),
        Data::Union(_) => false,
    };
    if let (Some(rename_all), true) = (&attributes.rename_all, unused) {
        errors.push(
            rename_all.span,
            if is_enum {
                "this enum travels as numbers, which have no names: \
                 add `string` to send names, or remove `rename_all`"
            } else {
                "there are no names of fields to change here: remove `rename_all`"
            },
        );
    }
}

fn span_of<T>(slot: &Slot<T>) -> Option<Span> {
    slot.as_ref().map(|given| given.span)
}

/// Attributes of fields that contradict each other, and types of fields.
pub(crate) fn fields<'a>(fields: impl Iterator<Item = &'a Field>, errors: &mut Errors) {
    for field in fields {
        let attributes = &field.attributes;
        if attributes.skip.is_some() {
            for (key, span) in [
                ("rename", span_of(&attributes.rename)),
                ("required", span_of(&attributes.required)),
                ("as` or `with", span_of(&attributes.proxy)),
            ] {
                if let Some(span) = span {
                    errors.push(
                        span,
                        format!("a skipped field never travels: remove `{key}` or `skip`"),
                    );
                }
            }
        }
        if field.is_skipped() {
            continue;
        }
        match attributes.proxy.as_ref().map(|given| &given.value) {
            None => field_type(&field.ty, errors),
            Some(Proxy::As(ty)) => field_type(ty, errors),
            Some(Proxy::With(_)) => {}
        }
    }
}

/// The one field of a newtype, whose name nobody sees.
pub(crate) fn newtype(field: &Field, attributes: &TypeAttributes, errors: &mut Errors) {
    let kind = if attributes.transparent.is_some() {
        "transparent type"
    } else {
        "newtype"
    };
    for (key, span) in [
        ("rename", span_of(&field.attributes.rename)),
        ("required", span_of(&field.attributes.required)),
    ] {
        if let Some(span) = span {
            errors.push(
                span,
                format!(
                    "a {kind} travels as the value of its field, without the field's name: \
                     remove `{key}`, or use a struct with named fields"
                ),
            );
        }
    }
}

/// Wire names that Go would ignore, or that two fields share.
pub(crate) fn field_names(fields: &[Field], errors: &mut Errors) {
    let mut seen = HashSet::new();
    for field in fields {
        let name = &field.name;
        if !names::is_go_identifier(name) {
            errors.push(
                field.name_span,
                format!(
                    "no Go field can be called {name:?}: \
                     write `#[gob(rename = \"…\")]` with letters, digits and `_` only"
                ),
            );
        } else if !names::is_exported(name) {
            errors.push(field.name_span, not_exported(field));
        } else if !seen.insert(name.as_str()) {
            errors.push(
                field.name_span,
                format!(
                    "another field is called `{name}` on the wire already: \
                     write `#[gob(rename = \"…\")]` with another name"
                ),
            );
        }
    }
}

fn not_exported(field: &Field) -> String {
    let name = &field.name;
    let better = names::Rule::Pascal.field(name);
    let attributes = &field.attributes;
    let advice = if !names::is_exported(&better) {
        "write `#[gob(rename = \"…\")]` with a name that starts with an upper-case letter"
            .to_owned()
    } else if attributes.rename.is_none() && attributes.serde_rename.is_some() {
        format!("write `#[gob(rename = \"{better}\")]`, which goes before serde's name")
    } else {
        format!("write `#[gob(rename = \"{better}\")]`")
    };
    format!("Go ignores the field `{name}`, since it starts with no upper-case letter: {advice}")
}

/// Attributes of a variant that mean something in interfaces only.
pub(crate) fn plain_variant(attributes: &VariantAttributes, errors: &mut Errors) {
    for (key, span) in [
        ("name", span_of(&attributes.name)),
        ("nil", span_of(&attributes.nil)),
        ("other", span_of(&attributes.other)),
    ] {
        if let Some(span) = span {
            errors.push(
                span,
                format!(
                    "`{key}` is for enums that travel as Go interfaces: \
                         write `#[gob(interface)]` on the enum, or remove it"
                ),
            );
        }
    }
}

/// Variants with data, renames without effect, names that two variants share.
pub(crate) fn variants(
    ident: &Ident,
    attributes: &TypeAttributes,
    data: &DataEnum,
    parsed: &[Variant],
    errors: &mut Errors,
) {
    if data.variants.is_empty() {
        errors.push(
            ident.span(),
            "an enum without variants has no value that could travel: \
             use a unit struct for Go's `struct{}`",
        );
    }
    let with_data = data
        .variants
        .iter()
        .find(|variant| !matches!(variant.fields, Fields::Unit));
    if let Some(variant) = with_data {
        errors.push_on(
            &variant.fields,
            "gob has no sum types: a data enum travels as a Go interface, which needs \
             `#[gob(interface)]` on the enum and a Go type for each variant",
        );
        return;
    }
    if attributes.string.is_none() {
        for span in parsed.iter().filter_map(|variant| variant.renamed) {
            errors.push(
                span,
                "this enum travels as numbers, so that nobody sees this name: \
                 write `#[gob(string)]` on the enum, or remove `rename`",
            );
        }
        return;
    }
    let mut seen = HashSet::new();
    for variant in parsed {
        if !seen.insert(variant.name.as_str()) {
            errors.push(
                variant.name_span,
                format!(
                    "another variant is called {:?} on the wire already: \
                     write `#[gob(rename = \"…\")]` with another name",
                    variant.name
                ),
            );
        }
    }
}

/// Looks for types that cannot travel, in all parts of a type.
///
/// Only what is sure by its spelling: the traits say the rest, once names are
/// resolved.
fn field_type(ty: &Type, errors: &mut Errors) {
    let fault = match ty {
        Type::Path(path) => return path_type(path, errors),
        Type::Array(array) => return field_type(&array.elem, errors),
        Type::Slice(slice) => return field_type(&slice.elem, errors),
        Type::Paren(paren) => return field_type(&paren.elem, errors),
        Type::Group(group) => return field_type(&group.elem, errors),
        Type::Tuple(tuple) => {
            for elem in &tuple.elems {
                field_type(elem, errors);
            }
            return;
        }
        Type::Reference(reference) if reference.mutability.is_none() => {
            return field_type(&reference.elem, errors);
        }
        Type::Reference(_) => "a `&mut` cannot be decoded: own the value, or write `#[gob(skip)]`",
        Type::Ptr(_) => {
            "a raw pointer cannot travel: use `Option<Box<T>>` for Go's `*T`, \
             or write `#[gob(skip)]`"
        }
        Type::BareFn(_) => "a function cannot travel: write `#[gob(skip)]`",
        Type::TraitObject(_) => {
            "a trait object does not say what it may hold: use an enum with `#[gob(interface)]`, \
             or `gobrpc_codec::Interface` for anything"
        }
        Type::Never(_) => "`!` has no value that could travel: remove the field",
        _ => return,
    };
    errors.push_on(ty, fault);
}

fn path_type(path: &TypePath, errors: &mut Errors) {
    let Some(last) = path.path.segments.last() else {
        return;
    };
    if path.path.is_ident("i128") || path.path.is_ident("u128") {
        errors.push_on(
            path,
            "gob has no integer of 128 bits: use i64 or u64, or String",
        );
        return;
    }
    match &last.arguments {
        PathArguments::None => {}
        PathArguments::AngleBracketed(arguments) => {
            for argument in &arguments.args {
                let GenericArgument::Type(inner) = argument else {
                    continue;
                };
                if last.ident == "Option" && is_option(inner) {
                    errors.push_on(
                        path,
                        "gob cannot tell `None` from `Some(None)`: use one `Option`, \
                         or a struct with an `Option` inside",
                    );
                } else {
                    field_type(inner, errors);
                }
            }
        }
        PathArguments::Parenthesized(arguments) => {
            for input in &arguments.inputs {
                field_type(input, errors);
            }
            if let ReturnType::Type(_, output) = &arguments.output {
                field_type(output, errors);
            }
        }
    }
}

fn is_option(ty: &Type) -> bool {
    match ty {
        Type::Paren(paren) => is_option(&paren.elem),
        Type::Group(group) => is_option(&group.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| {
            segment.ident == "Option"
                && matches!(segment.arguments, PathArguments::AngleBracketed(_))
        }),
        _ => false,
    }
}
