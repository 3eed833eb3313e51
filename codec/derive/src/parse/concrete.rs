//! [`Concrete`]: a variant of an enum that travels as a Go interface.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{DataEnum, Fields, Ident, Type};

use super::VariantAttributes;
use crate::errors::Errors;

pub(crate) struct Concrete {
    pub(crate) ident: Ident,
    pub(crate) holds: Holds,
}

/// What an interface holds where a variant stands.
pub(crate) enum Holds {
    Nothing,
    /// A value of a type that Go registered under this name.
    Named(Box<Type>, String),
    /// A value of any other type.
    Anything(Box<Type>),
}

/// Longest name that Go reads (`decode.go`, `decodeInterface`).
const LONGEST_NAME: usize = 1024;

pub(crate) fn parse(
    ident: &Ident,
    package: &str,
    data: &DataEnum,
    errors: &mut Errors,
) -> Vec<Concrete> {
    if data.variants.is_empty() {
        errors.push(
            ident.span(),
            "an interface without variants holds nothing: add a variant for each type that it may hold",
        );
    }
    let mut names = HashSet::new();
    let mut has_nil = false;
    let mut has_other = false;
    let mut concretes = Vec::new();
    for variant in &data.variants {
        let attributes = VariantAttributes::parse(&variant.attrs, errors);
        if let Some(rename) = &attributes.rename {
            errors.push(
                rename.span,
                "nobody sees the name of this variant: write `name = \"…\"` with the name that Go \
                 registered its type under",
            );
        }
        let once = |seen: &mut bool, what: &str, span: Span, errors: &mut Errors| {
            if std::mem::replace(seen, true) {
                errors.push(
                    span,
                    format!("another variant is `{what}` already: remove this"),
                );
            }
        };
        let holds = match (&variant.fields, &attributes.nil, &attributes.other) {
            (_, Some(nil), Some(_)) => {
                errors.push(
                    nil.span,
                    "a variant is `nil` or `other`: remove one of them",
                );
                continue;
            }
            (Fields::Unit, Some(nil), None) => {
                once(&mut has_nil, "nil", nil.span, errors);
                Holds::Nothing
            }
            (_, Some(nil), None) => {
                errors.push(
                    nil.span,
                    "nil holds nothing: remove the fields of this variant",
                );
                continue;
            }
            (Fields::Unnamed(fields), None, other) if fields.unnamed.len() == 1 => {
                let Some(field) = fields.unnamed.first() else {
                    continue;
                };
                let ty = Box::new(field.ty.clone());
                match other {
                    Some(other) => {
                        once(&mut has_other, "other", other.span, errors);
                        Holds::Anything(ty)
                    }
                    None => {
                        let name = attributes.name.as_ref().map_or_else(
                            || format!("{package}.{}", variant.ident.unraw()),
                            |given| given.value.clone(),
                        );
                        let span = attributes
                            .name
                            .as_ref()
                            .map_or_else(|| variant.ident.span(), |given| given.span);
                        check_name(&name, span, &mut names, errors);
                        Holds::Named(ty, name)
                    }
                }
            }
            (Fields::Unit, None, _) => {
                errors.push(
                    variant.ident.span(),
                    "what type does the interface hold here? Write it in parentheses, or \
                     `#[gob(nil)]` if the interface is nil",
                );
                continue;
            }
            (fields, None, _) => {
                errors.push(
                    fields.span(),
                    "an interface holds one value: put the fields into a struct of their own, \
                     with `#[derive(Gob)]`",
                );
                continue;
            }
        };
        if let (Some(name), Holds::Nothing | Holds::Anything(_)) = (&attributes.name, &holds) {
            errors.push(
                name.span,
                "this variant stands for no type of a name: remove `name`",
            );
        }
        concretes.push(Concrete {
            ident: variant.ident.clone(),
            holds,
        });
    }
    concretes
}

fn check_name(name: &str, span: Span, names: &mut HashSet<String>, errors: &mut Errors) {
    if name.is_empty() || name.len() > LONGEST_NAME {
        errors.push(
            span,
            format!("a name has 1 to {LONGEST_NAME} bytes, which are the most that Go reads"),
        );
    }
    if !names.insert(name.to_owned()) {
        errors.push(
            span,
            format!(
                "another variant is called {name:?} in Go already: write `#[gob(name = \"…\")]` \
                 with the name that Go registered this type under"
            ),
        );
    }
}
