//! Enums without data: Go's `type Color int` or `type Color string`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;

use super::{Context, Parts};
use crate::parse::Variant;

/// How many variants an error lists: it may go into a log line by line.
const LISTED: usize = 24;

/// The enum as a newtype of an integer, whose value is the discriminant.
pub(super) fn numbers(context: &Context<'_>, variants: &[Variant]) -> Parts {
    let (krate, ident) = (context.krate, &context.input.ident);
    let repr = match &context.input.attributes.repr {
        Some(repr) => format_ident!("{}", repr.value),
        None => format_ident!("i64"),
    };
    let wire = quote!(::core::primitive::#repr);
    let names: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let consts: Vec<_> = (0..variants.len())
        .map(|index| format_ident!("__NUMBER{index}"))
        .collect();
    // A cast would wrap without a word.
    let checks = variants.iter().map(|variant| {
        let name = &variant.ident;
        let message = format!(
            "the discriminant of {ident}::{name} does not fit {repr}: \
             write #[gob(repr = \"…\")] with a type that it fits"
        );
        quote_spanned! {name.span().resolved_at(Span::call_site())=>
            const _: () = ::core::assert!(
                #ident::#name as ::core::primitive::i128
                    == (#ident::#name as #wire) as ::core::primitive::i128,
                #message
            );
        }
    });
    let helpers = quote! {
        #(#checks)*
        #(const #consts: #wire = #ident::#names as #wire;)*

        fn __number(__value: &#ident) -> #wire {
            match __value {
                #(#ident::#names => #consts,)*
            }
        }

        fn __variant(__number: #wire) -> ::core::option::Option<#ident> {
            match __number {
                #(#consts => ::core::option::Option::Some(#ident::#names),)*
                _ => ::core::option::Option::None,
            }
        }
    };

    let list = list(&names, |name| format!("{} = {{}}", name.unraw()));
    let listed = consts.iter().take(LISTED);
    let unknown = format!("{{}} is no {ident}: it is one of {list}");
    let zero = format!(
        "the value was not sent, so it is 0, which is no {ident}: it is one of {list}; \
         use Option, or #[gob(default)]"
    );
    let unknown = {
        let listed = listed.clone();
        quote!(#krate::Error::mismatch(::std::format!(#unknown, __number, #(#listed),*)))
    };
    let zero = quote!(#krate::Error::mismatch(::std::format!(#zero, #(#listed),*)));
    let find = |number: &TokenStream, error: &TokenStream| {
        quote! {
            match __variant(#number) {
                ::core::option::Option::Some(__value) => ::core::result::Result::Ok(__value),
                ::core::option::Option::None => ::core::result::Result::Err(#error),
            }
        }
    };
    let number = quote!(__number);
    let found_at = find(&number, &quote!(#unknown.at_offset(__offset)));
    let found = find(&number, &unknown);
    let de = &context.impls.de;

    let encode = context.encode(&quote! {
        <#wire as #krate::Encode>::encode(&__number(self), __writer)
    });
    let is_zero = context.is_zero(&quote!(__number(self) == 0));
    let decode = context.decode(&quote! {
        let __offset = __reader.offset();
        let __number = <#wire as #krate::Decode<#de>>::decode(__reader, __plan)?;
        #found_at
    });
    let zero = context.zero(&find(&quote!(0), &zero));
    Parts {
        helpers,
        gob: gob(context, &wire),
        encode: quote! {
            #encode
            #is_zero
            #[inline]
            fn to_byte(&self) -> ::core::primitive::u8 {
                <#wire as #krate::Encode>::to_byte(&__number(self))
            }
        },
        decode: quote! {
            #decode
            #zero
            #[inline]
            fn from_byte(__byte: ::core::primitive::u8) -> #krate::Result<Self> {
                let __number = <#wire as #krate::Decode<#de>>::from_byte(__byte)?;
                #found
            }
        },
    }
}

/// The enum as a newtype of a string, whose value is the variant's name.
pub(super) fn strings(context: &Context<'_>, variants: &[Variant]) -> Parts {
    let (krate, ident) = (context.krate, &context.input.ident);
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let names: Vec<_> = variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    let str = quote!(::core::primitive::str);
    let helpers = quote! {
        fn __name(__value: &#ident) -> &'static #str {
            match __value {
                #(#ident::#idents => #names,)*
            }
        }

        fn __variant(__name: &#str) -> ::core::option::Option<#ident> {
            match __name {
                #(#names => ::core::option::Option::Some(#ident::#idents),)*
                _ => ::core::option::Option::None,
            }
        }
    };

    let list = list(&names, |name| {
        // The list stands in a format string.
        format!("{name:?}").replace('{', "{{").replace('}', "}}")
    });
    let unknown = format!("\"{{}}\" is no {ident}: it is one of {list}");
    let zero = format!(
        "the value was not sent, so it is \"\", which is no {ident}: it is one of {list}; \
         use Option, or #[gob(default)]"
    );
    let encode = context.encode(&quote! {
        <#str as #krate::Encode>::encode(__name(self), __writer)
    });
    let is_zero = context.is_zero(&quote!(__name(self).is_empty()));
    let decode = context.decode(&quote! {
        let __offset = __reader.offset();
        let __name = __reader.str()?;
        match __variant(__name) {
            ::core::option::Option::Some(__value) => ::core::result::Result::Ok(__value),
            ::core::option::Option::None => {
                // The peer's text may be long, and may hold anything.
                let __text: ::std::string::String = ::core::iter::Iterator::collect(
                    ::core::iter::Iterator::take(__name.escape_debug(), 64),
                );
                ::core::result::Result::Err(
                    #krate::Error::mismatch(::std::format!(#unknown, __text)).at_offset(__offset),
                )
            }
        }
    });
    let zero = context.zero(&quote! {
        match __variant("") {
            ::core::option::Option::Some(__value) => ::core::result::Result::Ok(__value),
            ::core::option::Option::None => {
                ::core::result::Result::Err(#krate::Error::mismatch(::std::format!(#zero)))
            }
        }
    });
    Parts {
        helpers,
        gob: gob(context, &quote!(::std::string::String)),
        encode: quote!(#encode #is_zero),
        decode: quote!(#decode #zero),
    }
}

fn gob(context: &Context<'_>, wire: &TokenStream) -> TokenStream {
    let krate = context.krate;
    let static_type = context.static_type();
    let (setup, name, package) = context.go_name();
    let describe = context.describe(&quote! {
        #setup
        __schema.newtype::<Self::Static, #wire>(#name, #package)
    });
    let schema = context.schema_method();
    quote! {
        #static_type
        const BYTE: ::core::primitive::bool = <#wire as #krate::Gob>::BYTE;
        #describe
        #schema
    }
}

/// The variants for an error text.
fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    let mut text = items
        .iter()
        .take(LISTED)
        .map(show)
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > LISTED {
        text.push_str(&format!(" and {} more", items.len() - LISTED));
    }
    text
}
