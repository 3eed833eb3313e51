//! Enums that travel as Go interfaces.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::LitByteStr;

use super::{Context, Parts};
use crate::parse::{Concrete, Holds};

pub(super) fn expand(context: &Context<'_>, concretes: &[Concrete]) -> Parts {
    let (krate, ident) = (context.krate, &context.input.ident);
    let de = &context.impls.de;
    let mut writes = Vec::new();
    let mut zeros = Vec::new();
    let mut reads = Vec::new();
    let mut names = Vec::new();
    let mut nil = None;
    let mut other = None;
    for Concrete {
        ident: variant,
        holds,
    } in concretes
    {
        match holds {
            Holds::Nothing => {
                writes.push(quote! {
                    #ident::#variant => {
                        __writer.nil_interface();
                        ::core::result::Result::Ok(())
                    }
                });
                zeros.push(quote!(#ident::#variant => true,));
                nil = Some(quote!(::core::result::Result::Ok(#ident::#variant)));
            }
            Holds::Named(ty, name) => {
                let bytes = LitByteStr::new(name.as_bytes(), Span::call_site());
                writes.push(quote! {
                    #ident::#variant(__value) => __writer.interface(#name, __value),
                });
                zeros.push(quote!(#ident::#variant(_) => false,));
                reads.push(quote! {
                    #bytes => __reader.held::<#ty>(&__held).map(#ident::#variant),
                });
                names.push(name);
            }
            Holds::Anything(ty) => {
                writes.push(quote! {
                    #ident::#variant(__value) => {
                        <#ty as #krate::Encode>::encode(__value, __writer)
                    }
                });
                zeros.push(quote! {
                    #ident::#variant(__value) => <#ty as #krate::Encode>::is_zero(__value),
                });
                other = Some(quote! {
                    _ => __reader
                        .held_value(&__held)
                        .map(|__value| #ident::#variant(::core::convert::From::from(__value))),
                });
                nil.get_or_insert_with(|| {
                    quote! {
                        <#ty as #krate::Decode<#de>>::zero().map(#ident::#variant)
                    }
                });
            }
        }
    }
    let nullable = nil.is_some();
    let zero = nil.unwrap_or_else(|| {
        let text = format!(
            "the interface holds nothing, which no variant of {ident} stands for: \
             use Option<{ident}>, or a variant with #[gob(nil)]"
        );
        quote!(::core::result::Result::Err(#krate::Error::mismatch(#text)))
    });
    let unknown = other.unwrap_or_else(|| {
        quote! {
            _ => ::core::result::Result::Err(__reader.unknown_name(&__held, &[#(#names),*])),
        }
    });

    let encode = context.encode(&quote! {
        match self { #(#writes)* }
    });
    let is_zero = context.is_zero(&quote! {
        match self { #(#zeros)* }
    });
    let decode = context.decode(&quote! {
        let _ = __plan;
        let __offset = __reader.offset();
        let ::core::option::Option::Some(__held) = __reader.interface()? else {
            return <Self as #krate::Decode<#de>>::zero()
                .map_err(|__error| __error.at_offset(__offset));
        };
        match __held.name() {
            #(#reads)*
            #unknown
        }
    });
    let zero = context.zero(&zero);
    Parts {
        helpers: TokenStream::new(),
        gob: gob(context, nullable),
        encode: quote!(#encode #is_zero),
        decode: quote!(#decode #zero),
    }
}

fn gob(context: &Context<'_>, nullable: bool) -> TokenStream {
    let static_type = context.static_type();
    let (setup, name, package) = context.go_name();
    // Concrete types are registered under their import paths, of which Go's
    // Type.String() shows the last part.
    let package = package.rsplit('/').next().unwrap_or_default();
    let describe = context.describe(&quote! {
        #setup
        __schema.interface_type::<Self::Static>(#name, #package)
    });
    let schema = context.schema_method();
    quote! {
        #static_type
        const NULLABLE: ::core::primitive::bool = #nullable;
        const INTERFACE: ::core::primitive::bool = true;
        #describe
        #schema
    }
}
