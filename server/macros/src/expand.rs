//! From a service that makes sense to code.
//!
//! Everything is named by its full path, as the user may have a `Result`, a
//! `Send` or a `u64` of their own. Local names have the hygiene of
//! `Span::mixed_site`, so that they cannot meet those of the user.

mod client;
mod info;
mod service;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Item, ItemTrait, ReturnType, Token, TraitItem, Type, Visibility, parse_quote,
};

use crate::check::{self, Definition, Method};
use crate::names::{self, Taken};

/// The macro.
pub(crate) fn service(attribute: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut item = match syn::parse2(tokens) {
        Ok(Item::Trait(item)) => item,
        Ok(other) => {
            let error = syn::Error::new(Span::call_site(), "`#[service]` goes on a trait");
            return with_error(&error, other);
        }
        Err(error) => return error.into_compile_error(),
    };
    match check::definition(attribute, &mut item).and_then(expand) {
        Ok(code) => code,
        // With the trait, what else is wrong is found in the same run.
        Err(error) => {
            let item = quote!(#[allow(async_fn_in_trait)] #item);
            with_error(&error, item)
        }
    }
}

fn with_error(error: &syn::Error, item: impl ToTokens) -> TokenStream {
    let mut code = error.to_compile_error();
    item.to_tokens(&mut code);
    code
}

/// The names that the parts of the code share.
struct Names<'d> {
    /// Path of the protocol crate.
    protocol: TokenStream,
    visibility: &'d Visibility,
    /// `#[cfg]` that came behind `#[service]`: it holds for all that is generated.
    conditions: Vec<&'d Attribute>,
    /// `Arith`
    service: &'d Ident,
    /// `ArithServer`
    server: Ident,
    /// `ArithClient`
    client: Ident,
    /// `ARITH`
    info: Ident,
    /// The type parameter for implementations.
    implementation: Ident,
    /// The type parameter for callers.
    caller: Ident,
}

fn expand(definition: Definition) -> syn::Result<TokenStream> {
    let item = &definition.item;
    let plain = item.ident.unraw();
    let taken = Taken::by(item.to_token_stream());
    let protocol = match &definition.protocol {
        Some(path) => path.to_token_stream(),
        None => protocol_path()?,
    };
    let names = Names {
        protocol: path_at(&protocol, Span::mixed_site()),
        visibility: &item.vis,
        conditions: attributes_named(&item.attrs, "cfg").collect(),
        service: &item.ident,
        server: format_ident!("{plain}Server", span = item.ident.span()),
        client: format_ident!("{plain}Client", span = item.ident.span()),
        info: Ident::new(
            &names::screaming_snake_case(&plain.to_string()),
            item.ident.span(),
        ),
        implementation: taken.free("S"),
        caller: taken.free("C"),
    };
    let mut code = native(item.clone()).into_token_stream();
    code.extend(service::expand(&definition, &names));
    code.extend(client::expand(&definition, &names));
    code.extend(info::expand(&definition, &names));
    Ok(code)
}

fn attributes_named<'a>(
    attributes: &'a [Attribute],
    name: &'static str,
) -> impl Iterator<Item = &'a Attribute> {
    attributes
        .iter()
        .filter(move |attribute| attribute.path().is_ident(name))
}

/// A span for generated code that points at the user's tokens, so that errors in
/// types are shown where the types are written.
///
/// That works for expressions of which the first and the last token have such
/// spans: where the hygiene of the two differs, rustc shows `#[service]` instead.
fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// Where conversions of errors point at: the error type, if one is written.
fn error_span(method: &Method) -> Span {
    at(method.error.as_ref().unwrap_or(&method.output))
}

/// A name of the user's inside of an expression, as [`at`] asks for.
fn name_at(ident: &Ident, place: &impl Spanned) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(at(place));
    ident
}

/// A generated path as [`at`] asks for.
fn path_at(path: &TokenStream, span: Span) -> TokenStream {
    path.clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// The trait with futures that can be sent, which `async fn` does not promise.
fn native(mut item: ItemTrait) -> ItemTrait {
    item.colon_token = Some(Token![:](item.ident.span()));
    item.supertraits = parse_quote!(::core::marker::Send + ::core::marker::Sync + 'static);
    // `&self` is our rule, whatever a name such as `into_stock` suggests.
    item.attrs
        .push(parse_quote!(#[allow(clippy::wrong_self_convention)]));
    for member in &mut item.items {
        let TraitItem::Fn(function) = member else {
            continue;
        };
        let ReturnType::Type(_, output) = &mut function.sig.output else {
            continue;
        };
        if function.sig.asyncness.take().is_none() {
            continue;
        }
        let future = quote_spanned! {at(output)=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send
        };
        **output = Type::Verbatim(future);
        if let Some(body) = &mut function.default {
            *body = parse_quote!({ async move #body });
        }
    }
    item
}

/// Where the protocol crate is, by the user's Cargo.toml: itself, or inside of a
/// crate of ours.
fn protocol_path() -> syn::Result<TokenStream> {
    const CRATES: [(&str, bool); 4] = [
        ("gobrpc-protocol", false),
        ("gobrpc-server", true),
        ("gobrpc-client", true),
        ("gobrpc-registry", true),
    ];
    for (package, inside) in CRATES {
        let name = match crate_name(package) {
            Ok(FoundCrate::Name(name)) => name,
            // A test, an example, or the crate itself by `extern crate self as …`.
            Ok(FoundCrate::Itself) => package.replace('-', "_"),
            Err(_) => continue,
        };
        let name = Ident::new(&name, Span::call_site());
        return Ok(if inside {
            quote!(::#name::protocol)
        } else {
            quote!(::#name)
        });
    }
    Err(syn::Error::new(
        Span::call_site(),
        "`#[service]` finds none of gobrpc-protocol, gobrpc-server, gobrpc-client and \
         gobrpc-registry in Cargo.toml: add one, or say where the first is by \
         `#[service(crate = \"path\")]`",
    ))
}
