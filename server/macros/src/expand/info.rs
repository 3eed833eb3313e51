//! `const ARITH: ServiceInfo`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use super::{Names, at, attributes_named};
use crate::check::{Definition, Method};

pub(super) fn expand(definition: &Definition, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol,
        visibility,
        conditions,
        service,
        info,
        ..
    } = names;
    let name = &definition.name;
    let docs = docs(&definition.item.attrs);
    let methods = definition.methods.iter().map(|method| row(method, names));
    let about = format!("Names, types and documentation of the service [`{service}`].");
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #[doc = #about]
        #[allow(dead_code)]
        #visibility const #info: #protocol::ServiceInfo = #protocol::ServiceInfo::new(
            #name,
            #docs,
            &[#(#methods),*],
        );
    }
}

fn row(method: &Method, names: &Names<'_>) -> TokenStream {
    let protocol = &names.protocol;
    let name = &method.name;
    let docs = docs(&method.attributes);
    let schema =
        |ty: &dyn ToTokens, span| quote_spanned!(span=> <#ty as #protocol::codec::Gob>::schema);
    let args = match method.wire_argument() {
        Some((ty, _)) => schema(ty, at(ty)),
        None => schema(&quote_spanned!(Span::mixed_site()=> ()), Span::mixed_site()),
    };
    let reply = method.wire_reply.as_ref().unwrap_or(&method.reply);
    let reply = schema(reply, at(reply));
    let idempotent = method
        .idempotent
        .then(|| quote_spanned!(Span::mixed_site()=> .idempotent()));
    let blocking = method
        .blocking
        .then(|| quote_spanned!(Span::mixed_site()=> .blocking()));
    let one_way = method
        .one_way
        .then(|| quote_spanned!(Span::mixed_site()=> .one_way()));
    let kind = match (method.streams_in(), method.streams_out) {
        (false, false) => None,
        (false, true) => Some("Server"),
        (true, false) => Some("Client"),
        (true, true) => Some("Both"),
    };
    let streaming = kind.map(|kind| {
        let kind = Ident::new(kind, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> .streaming(#protocol::StreamKind::#kind))
    });
    quote_spanned! {Span::mixed_site()=>
        #protocol::MethodInfo::unary(#name, #docs, #args, #reply)
            #streaming #idempotent #blocking #one_way
    }
}

/// The documentation as an expression: a string, unless parts of it come from
/// elsewhere (`#[doc = include_str!("…")]`).
fn docs(attributes: &[Attribute]) -> TokenStream {
    let mut elsewhere = TokenStream::new();
    let mut text = String::new();
    for attribute in attributes_named(attributes, "doc") {
        // `#[doc(hidden)]` and its like say nothing.
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(line),
                ..
            }) => push_lines(&mut text, &line.value()),
            value => {
                elsewhere.extend(quote_spanned!(Span::mixed_site()=> #text, #value,));
                text = "\n".to_owned();
            }
        }
    }
    if elsewhere.is_empty() {
        return text.trim().to_token_stream();
    }
    let text = text.trim_end();
    quote_spanned!(Span::mixed_site()=> ::core::concat!(#elsewhere #text))
}

/// `/// Docs` is the line ` Docs`; a block comment has all of its lines in one,
/// those after the first indented as the code is.
fn push_lines(text: &mut String, lines: &str) {
    let indent = lines
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or_default();
    for (index, line) in lines.split('\n').enumerate() {
        let line = match index {
            0 => line.strip_prefix(' ').unwrap_or(line),
            _ => line.get(indent..).unwrap_or_default(),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
}
