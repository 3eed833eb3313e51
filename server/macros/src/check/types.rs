//! The types that travel.

use syn::visit::{self, Visit};
use syn::{GenericArgument, Lifetime, Path, PathArguments, Type, TypeImplTrait, TypeReference};

use crate::errors::Errors;

/// The reference in `&Context`, known by its name: a macro sees no more.
pub(super) fn context(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) if is_named(&reference.elem, "Context") => Some(reference),
        _ => None,
    }
}

/// The item of a `Streaming<Item>`, known by its name as well.
pub(super) fn streaming(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(item)), 1) if last.ident == "Streaming" => Some(item),
        _ => None,
    }
}

/// Checks an argument or a reply.
pub(super) fn check(ty: &Type, errors: &mut Errors) {
    Checker { errors }.visit_type(ty);
}

/// The type as a user writes it, for types that are short to write.
pub(super) fn text(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.qself.is_none() => match path.path.get_ident() {
            Some(ident) => ident.to_string(),
            None => "…".to_owned(),
        },
        Type::Tuple(tuple) if tuple.elems.is_empty() => "()".to_owned(),
        _ => "…".to_owned(),
    }
}

struct Checker<'e> {
    errors: &'e mut Errors,
}

impl<'ast> Visit<'ast> for Checker<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        let owned = match &*reference.elem {
            elem if is_named(elem, "str") => "String".to_owned(),
            Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
            elem => text(elem),
        };
        let message = format!("what travels is owned: use `{owned}`");
        // One error is enough: what is behind the reference changes with it.
        self.errors.push(reference, message);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.errors.push(
                lifetime,
                "what travels is owned: use a type without lifetimes",
            );
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        self.errors.push(
            ty,
            "a method has one argument type and one reply type on the wire: name it",
        );
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path
            .segments
            .first()
            .is_some_and(|first| first.ident == "Self")
        {
            self.errors.push(
                path,
                "`Self` differs between the server and the client: name the type",
            );
        }
        if path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Streaming")
        {
            self.errors.push(
                path,
                "a stream is the whole argument, or the whole reply, and has one type of items: \
                 `Streaming<Item>`",
            );
            return;
        }
        visit::visit_path(self, path);
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = ty else {
        return false;
    };
    let last = path.path.segments.last();
    path.qself.is_none() && last.is_some_and(|last| last.ident == name && last.arguments.is_none())
}
