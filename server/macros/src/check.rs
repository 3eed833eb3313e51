//! From a trait as written to a service that makes sense, or all that is wrong
//! with it.

mod signature;
mod types;

use std::borrow::Cow;
use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Ident, ItemTrait, LitStr, Path, TraitItem, Type, TypeParamBound};

use crate::errors::Errors;
use crate::names;
use crate::parse::{MethodOptions, ServiceOptions};

/// A service that makes sense.
pub(crate) struct Definition {
    /// The trait as written, without `#[rpc]`. Its items are the methods, in
    /// order, and nothing else.
    pub(crate) item: ItemTrait,
    /// The name on the wire.
    pub(crate) name: String,
    /// Where the user says that the protocol crate is.
    pub(crate) protocol: Option<Path>,
    pub(crate) methods: Vec<Method>,
}

/// A method that makes sense.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    /// The attributes on it, without `#[rpc]`.
    pub(crate) attributes: Vec<Attribute>,
    /// The name on the wire, without that of the service.
    pub(crate) name: String,
    /// What stands behind `&self`: at most one of each kind.
    pub(crate) parameters: Vec<Parameter>,
    /// `Result<i64>`
    pub(crate) output: Type,
    /// `i64`; the type of the items if it is a stream.
    pub(crate) reply: Type,
    /// The reply is a `Streaming<…>`.
    pub(crate) streams_out: bool,
    /// The second parameter of the `Result`, if there is one.
    pub(crate) error: Option<Type>,
    /// `#[rpc(reply = bool)]`
    pub(crate) wire_reply: Option<Type>,
    pub(crate) idempotent: bool,
    pub(crate) blocking: bool,
    pub(crate) one_way: bool,
}

pub(crate) enum Parameter {
    /// `cx: &Context`, its type.
    Context(Type),
    /// `args: Args`, its type; then that of its items, if it is a stream.
    Argument(Ident, Type, Option<Box<Type>>),
}

impl Method {
    pub(crate) fn argument(&self) -> Option<(&Ident, &Type)> {
        self.parameters
            .iter()
            .find_map(|parameter| match parameter {
                Parameter::Argument(ident, ty, _) => Some((ident, ty)),
                Parameter::Context(_) => None,
            })
    }

    /// The type that travels, and whether once or again and again.
    pub(crate) fn wire_argument(&self) -> Option<(&Type, bool)> {
        self.parameters
            .iter()
            .find_map(|parameter| match parameter {
                Parameter::Argument(_, ty, None) => Some((ty, false)),
                Parameter::Argument(_, _, Some(item)) => Some((item, true)),
                Parameter::Context(_) => None,
            })
    }

    pub(crate) fn streams_in(&self) -> bool {
        self.wire_argument().is_some_and(|(_, streams)| streams)
    }

    /// The type of what a caller waits for.
    pub(crate) fn awaited(&self) -> Cow<'_, Type> {
        if self.one_way {
            return Cow::Owned(syn::parse_quote!(()));
        }
        Cow::Borrowed(self.wire_reply.as_ref().unwrap_or(&self.reply))
    }

    pub(crate) fn takes_context(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| matches!(parameter, Parameter::Context(_)))
    }
}

/// Checks a trait, and takes every `#[rpc]` out of it, even if it is wrong.
pub(crate) fn definition(attribute: TokenStream, item: &mut ItemTrait) -> syn::Result<Definition> {
    let mut errors = Errors::default();
    let options = ServiceOptions::parse(attribute, &mut errors);
    let name = service_name(&item.ident, options.name, &mut errors);
    head(item, &mut errors);

    let mut methods = Vec::with_capacity(item.items.len());
    let mut names = HashMap::new();
    for member in &mut item.items {
        match member {
            TraitItem::Fn(function) => {
                let mut options = MethodOptions::take(&mut function.attrs, &mut errors);
                let ident = &function.sig.ident;
                let name = method_name(ident, options.name.take(), &mut names, &mut errors);
                methods.extend(signature::method(function, name, options, &mut errors));
            }
            TraitItem::Type(member) => errors.push(
                member,
                "a service has no associated types: name the types in its methods",
            ),
            TraitItem::Const(member) => errors.push(
                member,
                "a service has no associated constants: write a `const` beside the trait",
            ),
            other => errors.push(other, "a service has methods only"),
        }
    }
    if item.items.is_empty() {
        errors.push(&item.ident, "a service needs a method, as in Go");
    }

    errors.finish(Definition {
        item: item.clone(),
        name,
        protocol: options.protocol,
        methods,
    })
}

/// All of the trait but its members.
fn head(item: &ItemTrait, errors: &mut Errors) {
    if let Some(token) = &item.unsafety {
        errors.push(token, "a service is safe to implement: remove `unsafe`");
    }
    if let Some(token) = &item.auto_token {
        errors.push(token, "a service is no auto trait: remove `auto`");
    }
    if !item.generics.params.is_empty() {
        errors.push(
            &item.generics,
            "a service has one type per method on the wire: remove the generics",
        );
    }
    if let Some(clause) = &item.generics.where_clause {
        errors.push(clause, "a service has no `where` clause: remove it");
    }
    for bound in &item.supertraits {
        let implied = match bound {
            TypeParamBound::Lifetime(lifetime) => lifetime.ident == "static",
            TypeParamBound::Trait(bound) => {
                let last = bound.path.segments.last();
                last.is_some_and(|last| last.ident == "Send" || last.ident == "Sync")
            }
            _ => false,
        };
        if !implied {
            errors.push(
                bound,
                "the generated client implements the trait and cannot have this supertrait: \
                 only `Send`, `Sync` and `'static` are possible, and implied",
            );
        }
    }
}

fn service_name(ident: &Ident, given: Option<LitStr>, errors: &mut Errors) -> String {
    let (name, at) = match &given {
        Some(given) => (given.value(), given.to_token_stream()),
        None => (ident.unraw().to_string(), ident.to_token_stream()),
    };
    if name.is_empty() {
        errors.push(&at, "a service needs a name");
    }
    if name.starts_with(names::RESERVED_PREFIX) {
        errors.push(
            &at,
            "names that begin with `_goRPC_` are reserved: choose another by \
             `#[service(name = \"…\")]`",
        );
    }
    name
}

/// The name of a method on the wire, which no method before it has.
fn method_name(
    ident: &Ident,
    given: Option<LitStr>,
    names: &mut HashMap<String, Ident>,
    errors: &mut Errors,
) -> String {
    let (name, at) = match &given {
        Some(given) => (given.value(), given.to_token_stream()),
        None => (
            names::pascal_case(&ident.unraw().to_string()),
            ident.to_token_stream(),
        ),
    };
    if name.is_empty() {
        errors.push(
            &at,
            "a method needs a name: give it one by `#[rpc(name = \"…\")]`",
        );
    } else if name.contains('.') {
        // The last dot parts the service from the method (`server.go`,
        // `readRequestHeader`).
        errors.push(&at, "the name of a method has no dot");
    } else if let Some(first) = names.get(&name) {
        errors.push(
            &at,
            format!(
                "`{first}` is `{name}` on the wire, too: choose another name by \
                 `#[rpc(name = \"…\")]`"
            ),
        );
    } else {
        names.insert(name.clone(), ident.clone());
    }
    name
}
