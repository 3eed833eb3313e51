//! One field: to the wire, from the wire, and when it was not sent.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::Context;
use crate::parse::{Field, Proxy};

impl Field {
    /// The place of the field in the user's source, for errors of the compiler;
    /// names are resolved as everywhere in the expansion.
    pub(super) fn span(&self) -> Span {
        self.ty.span().resolved_at(Span::call_site())
    }
}

impl Context<'_> {
    /// A reference to what travels for a field of `self`.
    pub(super) fn sent(&self, field: &Field) -> TokenStream {
        let (member, ty) = (&field.member, &field.ty);
        let span = field.span();
        match field.attributes.proxy.as_ref().map(|given| &given.value) {
            None => quote_spanned!(span=> &self.#member),
            Some(Proxy::As(wire)) => quote_spanned! {span=>
                &<#wire as ::core::convert::From<&#ty>>::from(&self.#member)
            },
            Some(Proxy::With(module)) => quote_spanned!(span=> &#module::to_wire(&self.#member)),
        }
    }

    /// The field, of what travelled for it: an expression that may return an
    /// error.
    pub(super) fn received(&self, field: &Field, value: &TokenStream) -> TokenStream {
        let ty = &field.ty;
        let wire = field.wire_type();
        let span = field.span();
        let converted = match field.attributes.proxy.as_ref().map(|given| &given.value) {
            None => return value.clone(),
            Some(Proxy::As(_)) => quote_spanned! {span=>
                <#ty as ::core::convert::TryFrom<#wire>>::try_from(#value)
            },
            Some(Proxy::With(module)) => quote_spanned!(span=> #module::from_wire(#value)),
        };
        let krate = self.krate;
        let in_field = self.in_field(field);
        quote_spanned! {span=>
            ::core::result::Result::map_err(#converted, |__error| {
                #krate::Error::mismatch(::std::string::ToString::to_string(&__error)) #in_field
            })?
        }
    }

    /// The field if it was not sent: an expression that may return an error.
    pub(super) fn absent(&self, field: &Field) -> TokenStream {
        let ty = &field.ty;
        let span = field.span();
        match &field.attributes.default {
            Some(default) => {
                if let Some(path) = &default.value {
                    return quote!(#path());
                }
                return quote_spanned!(span=> <#ty as ::core::default::Default>::default());
            }
            None if field.is_skipped() => {
                return quote_spanned!(span=> <#ty as ::core::default::Default>::default());
            }
            None => {}
        }
        let krate = self.krate;
        let wire = field.wire_type();
        let in_field = self.in_field(field);
        let zero = quote_spanned! {span=>
            ::core::result::Result::map_err(
                <#wire as #krate::Decode<'_>>::zero(),
                |__error| __error #in_field,
            )?
        };
        self.received(field, &zero)
    }

    /// A call that says where an error is; nothing where the field is all there
    /// is.
    fn in_field(&self, field: &Field) -> TokenStream {
        if matches!(self.input.shape, crate::parse::Shape::Newtype { .. }) {
            return TokenStream::new();
        }
        let name = &field.name;
        quote!(.in_field(#name))
    }
}
