//! Type parameters: which matter on the wire, and what they are bound by.

use std::collections::HashSet;

use quote::{format_ident, quote};
use syn::{
    GenericArgument, GenericParam, Generics, Ident, Lifetime, LifetimeParam, Path, PathArguments,
    ReturnType, Type, WherePredicate, parse_quote,
};

use crate::parse::{Field, Holds, Input, Shape, is_phantom};

/// The generics of the three impls.
pub(crate) struct Impls {
    pub(crate) gob: Generics,
    pub(crate) encode: Generics,
    pub(crate) decode: Generics,
    /// The lifetime of the input.
    pub(crate) de: Lifetime,
    /// Type parameters, and projections of them (`T::Item`), that occur in the
    /// wire type. Two instances that agree in these are one wire type.
    pub(crate) wire: Vec<Type>,
}

impl Impls {
    pub(crate) fn of(input: &Input, krate: &Path) -> Self {
        let generics = &input.generics;
        let params: HashSet<&Ident> = generics.type_params().map(|param| &param.ident).collect();
        let (sent, defaulted) = fields(&input.shape);

        let mut wire = Mentions::new(&params);
        for field in &sent {
            wire.search(&field.wire_type());
        }
        if let Shape::Interface(concretes) = &input.shape {
            for concrete in concretes {
                if let Holds::Named(ty, _) | Holds::Anything(ty) = &concrete.holds {
                    wire.search(ty);
                }
            }
        }
        // As in serde: `T: Default`, and not the field's type, which may be
        // private.
        let mut default = Mentions::new(&params);
        for field in defaulted {
            if !is_phantom(&field.ty) {
                default.search(&field.ty);
            }
        }

        let has_de = generics
            .lifetimes()
            .any(|param| param.lifetime.ident == "de");
        let de: Lifetime = if has_de {
            parse_quote!('__de)
        } else {
            parse_quote!('de)
        };
        let mut gob = generics.clone();
        let mut encode = generics.clone();
        let mut decode = generics.clone();
        match &input.attributes.bound {
            Some(bound) => {
                for predicate in &bound.value {
                    decode
                        .make_where_clause()
                        .predicates
                        .push(predicate.clone());
                    // The other impls do not know the lifetime of the input.
                    if !mentions_lifetime(predicate, &de) {
                        gob.make_where_clause().predicates.push(predicate.clone());
                        encode
                            .make_where_clause()
                            .predicates
                            .push(predicate.clone());
                    }
                }
            }
            None => {
                bind(&mut gob, &wire.found, &parse_quote!(#krate::Gob));
                bind(&mut encode, &wire.found, &parse_quote!(#krate::Encode));
                bind(&mut decode, &wire.found, &parse_quote!(#krate::Decode<#de>));
                let trait_path = parse_quote!(::core::default::Default);
                bind(&mut decode, &default.found, &trait_path);
            }
        }
        let mut input_lifetime = LifetimeParam::new(de.clone());
        input_lifetime.bounds = generics
            .lifetimes()
            .map(|param| param.lifetime.clone())
            .collect();
        decode
            .params
            .insert(0, GenericParam::Lifetime(input_lifetime));

        Self {
            gob,
            encode,
            decode,
            de,
            wire: wire.found,
        }
    }
}

/// The fields that travel, and those that `Default` may have to make.
fn fields(shape: &Shape) -> (Vec<&Field>, Vec<&Field>) {
    let (sent, mut defaulted): (Vec<_>, Vec<_>) = match shape {
        Shape::Struct(fields) => fields.iter().partition(|field| !field.is_skipped()),
        Shape::Newtype { inner, skipped } => (vec![&**inner], skipped.iter().collect()),
        Shape::Enum(_) | Shape::Interface(_) => (Vec::new(), Vec::new()),
    };
    defaulted.extend(
        sent.iter()
            .filter(|field| field.attributes.default.is_some()),
    );
    defaulted.retain(
        |field| !matches!(&field.attributes.default, Some(default) if default.value.is_some()),
    );
    (sent, defaulted)
}

fn bind(generics: &mut Generics, types: &[Type], bound: &Path) {
    for ty in types {
        let predicate: WherePredicate = parse_quote!(#ty: #bound);
        generics.make_where_clause().predicates.push(predicate);
    }
}

fn mentions_lifetime(predicate: &WherePredicate, lifetime: &Lifetime) -> bool {
    // A lifetime is two tokens, so that its text is the simplest to look for.
    let text = quote!(#predicate).to_string();
    let lifetime = lifetime.to_string();
    text.match_indices(&lifetime).any(|(start, _)| {
        !text[start + lifetime.len()..]
            .starts_with(|next: char| next.is_alphanumeric() || next == '_')
    })
}

/// The parameters that a type mentions.
struct Mentions<'a> {
    params: &'a HashSet<&'a Ident>,
    found: Vec<Type>,
}

impl<'a> Mentions<'a> {
    fn new(params: &'a HashSet<&'a Ident>) -> Self {
        Self {
            params,
            found: Vec::new(),
        }
    }

    fn add(&mut self, ty: Type) {
        if !self.found.contains(&ty) {
            self.found.push(ty);
        }
    }

    fn search(&mut self, ty: &Type) {
        match ty {
            Type::Path(path) => {
                if let Some(qself) = &path.qself {
                    // `<T as Trait>::Item`: the item matters, and not `T`.
                    let mut inner = Mentions::new(self.params);
                    inner.search(&qself.ty);
                    if !inner.found.is_empty() {
                        self.add(ty.clone());
                    }
                    return;
                }
                let segments = &path.path.segments;
                if segments
                    .first()
                    .is_some_and(|first| self.params.contains(&first.ident))
                    && path.path.leading_colon.is_none()
                {
                    self.add(ty.clone());
                    return;
                }
                for segment in segments {
                    self.search_arguments(&segment.arguments);
                }
            }
            Type::Array(array) => self.search(&array.elem),
            Type::Slice(slice) => self.search(&slice.elem),
            Type::Reference(reference) => self.search(&reference.elem),
            Type::Paren(paren) => self.search(&paren.elem),
            Type::Group(group) => self.search(&group.elem),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.search(elem)),
            _ => {}
        }
    }

    fn search_arguments(&mut self, arguments: &PathArguments) {
        match arguments {
            PathArguments::None => {}
            PathArguments::AngleBracketed(arguments) => {
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => self.search(ty),
                        GenericArgument::AssocType(assoc) => self.search(&assoc.ty),
                        _ => {}
                    }
                }
            }
            PathArguments::Parenthesized(arguments) => {
                arguments.inputs.iter().for_each(|ty| self.search(ty));
                if let ReturnType::Type(_, ty) = &arguments.output {
                    self.search(ty);
                }
            }
        }
    }
}

/// The names of the marker's type parameters.
pub(crate) fn marker_params(count: usize) -> Vec<Ident> {
    (0..count)
        .map(|index| format_ident!("__T{index}"))
        .collect()
}
