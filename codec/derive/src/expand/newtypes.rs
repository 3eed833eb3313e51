//! Newtypes and transparent types: all that the inner type does.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Context, Parts};
use crate::parse::Field;

pub(super) fn expand(context: &Context<'_>, inner: &Field, skipped: &[Field]) -> Parts {
    Parts {
        helpers: TokenStream::new(),
        gob: gob(context, inner),
        encode: encode(context, inner),
        decode: decode(context, inner, skipped),
    }
}

fn gob(context: &Context<'_>, inner: &Field) -> TokenStream {
    let krate = context.krate;
    let wire = inner.wire_type();
    let consts = quote! {
        const NULLABLE: ::core::primitive::bool = <#wire as #krate::Gob>::NULLABLE;
        const BYTE: ::core::primitive::bool = <#wire as #krate::Gob>::BYTE;
        const INTERFACE: ::core::primitive::bool = <#wire as #krate::Gob>::INTERFACE;
    };
    if context.input.attributes.transparent.is_some() {
        let describe = context.describe(&quote!(<#wire as #krate::Gob>::describe(__schema)));
        return quote! {
            type Static = <#wire as #krate::Gob>::Static;
            #consts
            const UNSIZED: ::core::primitive::bool = <#wire as #krate::Gob>::UNSIZED;
            #describe
            fn schema() -> &'static #krate::Schema {
                <#wire as #krate::Gob>::schema()
            }
        };
    }
    let static_type = context.static_type();
    let schema = context.schema_method();
    let (setup, name, package) = context.go_name();
    let describe = context.describe(&quote! {
        #setup
        __schema.newtype::<Self::Static, #wire>(#name, #package)
    });
    quote!(#static_type #consts #describe #schema)
}

fn encode(context: &Context<'_>, inner: &Field) -> TokenStream {
    let krate = context.krate;
    let wire = inner.wire_type();
    let sent = context.sent(inner);
    let encode = context.encode(&quote!(<#wire as #krate::Encode>::encode(#sent, __writer)));
    let is_zero = context.is_zero(&quote!(<#wire as #krate::Encode>::is_zero(#sent)));
    quote! {
        #encode
        #is_zero
        #[inline]
        fn is_zero_pointee(&self) -> ::core::primitive::bool {
            <#wire as #krate::Encode>::is_zero_pointee(#sent)
        }
        #[inline]
        fn to_byte(&self) -> ::core::primitive::u8 {
            <#wire as #krate::Encode>::to_byte(#sent)
        }
    }
}

fn decode(context: &Context<'_>, inner: &Field, skipped: &[Field]) -> TokenStream {
    let krate = context.krate;
    let de = &context.impls.de;
    let wire = inner.wire_type();
    let build = |value: &TokenStream| {
        let member = &inner.member;
        let others = skipped.iter().map(|field| {
            let member = &field.member;
            let absent = context.absent(field);
            quote!(#member: #absent,)
        });
        quote!(::core::result::Result::Ok(Self { #member: #value, #(#others)* }))
    };
    let value = quote!(<#wire as #krate::Decode<#de>>::decode(__reader, __plan)?);
    let decode = context.decode(&build(&context.received(inner, &value)));
    let member = &inner.member;
    let merge = if inner.attributes.proxy.is_none() {
        quote! {
            <#wire as #krate::Decode<#de>>::merge(&mut self.#member, __reader, __plan)
        }
    } else {
        let value = context.received(inner, &value);
        quote! {
            self.#member = #value;
            ::core::result::Result::Ok(())
        }
    };
    let merge = context.merge(&merge);
    let zero = context.zero(&build(&context.absent(inner)));
    let byte = quote!(<#wire as #krate::Decode<#de>>::from_byte(__byte)?);
    let from_byte = build(&context.received(inner, &byte));
    quote! {
        #decode
        #zero
        #merge
        #[inline]
        fn from_byte(__byte: ::core::primitive::u8) -> #krate::Result<Self> {
            #from_byte
        }
    }
}
