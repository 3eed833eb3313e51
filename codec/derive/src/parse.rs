//! The user's type as this macro sees it.

mod attributes;
mod concrete;

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, Generics, Ident, Member, Type, parse_quote};

pub(crate) use attributes::{FieldAttributes, Proxy, Slot, TypeAttributes};
pub(crate) use concrete::{Concrete, Holds};

use crate::check;
use crate::errors::Errors;
use crate::names::{FIELD_RULES, Rule, VARIANT_RULES};
pub(crate) use attributes::VariantAttributes;

pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) attributes: TypeAttributes,
    pub(crate) shape: Shape,
}

pub(crate) enum Shape {
    /// Fields with names on the wire, and skipped ones.
    Struct(Vec<Field>),
    /// One field that stands for the whole, and skipped ones.
    Newtype {
        inner: Box<Field>,
        skipped: Vec<Field>,
    },
    /// Variants without data.
    Enum(Vec<Variant>),
    /// The types that an interface may hold.
    Interface(Vec<Concrete>),
}

pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// The name on the wire.
    pub(crate) name: String,
    /// Where the name comes from.
    pub(crate) name_span: Span,
    pub(crate) attributes: FieldAttributes,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name on the wire, if the enum travels as a string.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    /// Where `#[gob(rename)]` stands, if it does.
    pub(crate) renamed: Option<Span>,
}

impl Field {
    /// True if the field never travels.
    ///
    /// `PhantomData` is there for the compiler only, so that nobody should have
    /// to write `skip` on it.
    pub(crate) fn is_skipped(&self) -> bool {
        self.attributes.skip.is_some() || is_phantom(&self.ty)
    }

    /// The type that travels.
    pub(crate) fn wire_type(&self) -> Type {
        match self.attributes.proxy.as_ref().map(|given| &given.value) {
            None => self.ty.clone(),
            Some(Proxy::As(ty)) => ty.clone(),
            Some(Proxy::With(path)) => parse_quote!(#path::Wire),
        }
    }
}

pub(crate) fn is_phantom(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path
        .path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "PhantomData"))
}

/// Reads a derive's input, or reports everything that is wrong with it.
pub(crate) fn parse(input: DeriveInput) -> syn::Result<Input> {
    let mut errors = Errors::default();
    let attributes = TypeAttributes::parse(&input.attrs, &mut errors);
    check::type_attributes(&attributes, &input.data, &mut errors);
    let shape = match &input.data {
        Data::Struct(data) => structure(&data.fields, &attributes, &mut errors),
        Data::Enum(data) if attributes.interface.is_some() => {
            let package = attributes.package.as_ref();
            let package = package.map_or("main", |given| given.value.as_str());
            Shape::Interface(concrete::parse(&input.ident, package, data, &mut errors))
        }
        Data::Enum(data) => {
            let rule = rule(&attributes, VARIANT_RULES, Rule::Verbatim, &mut errors);
            let variants: Vec<_> = data
                .variants
                .iter()
                .map(|variant| parse_variant(variant, rule, &mut errors))
                .collect();
            check::variants(&input.ident, &attributes, data, &variants, &mut errors);
            Shape::Enum(variants)
        }
        Data::Union(data) => {
            errors.push(
                data.union_token.span,
                "a union does not say which of its fields it holds, so that it cannot travel: \
                 use a struct with optional fields",
            );
            Shape::Struct(Vec::new())
        }
    };
    errors.finish(Input {
        ident: input.ident,
        generics: input.generics,
        attributes,
        shape,
    })
}

fn structure(fields: &Fields, attributes: &TypeAttributes, errors: &mut Errors) -> Shape {
    let rule = rule(attributes, FIELD_RULES, Rule::Pascal, errors);
    let parsed: Vec<_> = fields
        .iter()
        .zip(fields.members())
        .map(|(field, member)| parse_field(field, member, rule, errors))
        .collect();
    let (mut sent, skipped): (Vec<_>, Vec<_>) =
        parsed.into_iter().partition(|field| !field.is_skipped());
    check::fields(sent.iter().chain(&skipped), errors);

    let is_newtype = matches!(fields, Fields::Unnamed(_)) && sent.len() == 1;
    match (&attributes.transparent, sent.pop()) {
        (transparent, Some(inner)) if sent.is_empty() && (is_newtype || transparent.is_some()) => {
            check::newtype(&inner, attributes, errors);
            let inner = Box::new(inner);
            return Shape::Newtype { inner, skipped };
        }
        (Some(transparent), last) => {
            let count = sent.len() + usize::from(last.is_some());
            errors.push(
                transparent.span,
                format!(
                    "`transparent` wants exactly one field that travels, and here are {count}: \
                     mark the others `#[gob(skip)]`, or remove `transparent`"
                ),
            );
        }
        (None, Some(last)) => sent.push(last),
        (None, None) => {}
    }
    check::field_names(&sent, errors);
    sent.extend(skipped);
    Shape::Struct(sent)
}

fn rule(
    attributes: &TypeAttributes,
    known: &[(&str, Rule)],
    default: Rule,
    errors: &mut Errors,
) -> Rule {
    let Some(given) = &attributes.rename_all else {
        return default;
    };
    if let Some((_, rule)) = known.iter().find(|(name, _)| *name == given.value) {
        return *rule;
    }
    let list: Vec<_> = known
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    errors.push(
        given.span,
        format!("`rename_all` can be {} here", list.join(", ")),
    );
    default
}

fn parse_field(field: &syn::Field, member: Member, rule: Rule, errors: &mut Errors) -> Field {
    let attributes = FieldAttributes::parse(&field.attrs, errors);
    let given = attributes
        .rename
        .as_ref()
        .or(attributes.serde_rename.as_ref());
    let (name, name_span) = match (given, &member) {
        (Some(given), _) => (given.value.clone(), given.span),
        (None, Member::Named(ident)) => (rule.field(&ident.unraw().to_string()), ident.span()),
        (None, Member::Unnamed(index)) => (format!("F{}", index.index), field.ty.span()),
    };
    Field {
        member,
        ty: field.ty.clone(),
        name,
        name_span,
        attributes,
    }
}

fn parse_variant(variant: &syn::Variant, rule: Rule, errors: &mut Errors) -> Variant {
    let attributes = VariantAttributes::parse(&variant.attrs, errors);
    check::plain_variant(&attributes, errors);
    let renamed = attributes.rename.as_ref().map(|given| given.span);
    let given = attributes.rename.or(attributes.serde_rename);
    let (name, name_span) = match given {
        Some(given) => (given.value, given.span),
        None => (
            rule.variant(&variant.ident.unraw().to_string()),
            variant.ident.span(),
        ),
    };
    Variant {
        ident: variant.ident.clone(),
        name,
        name_span,
        renamed,
    }
}
