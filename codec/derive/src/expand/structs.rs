//! Structs: fields by number.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use super::{Context, Parts};
use crate::parse::Field;

pub(super) fn expand(context: &Context<'_>, fields: &[Field]) -> Parts {
    let (sent, skipped): (Vec<_>, Vec<_>) = fields.iter().partition(|field| !field.is_skipped());
    let static_type = context.static_type();
    let describe = context.describe(&describe(context, &sent));
    let schema = context.schema_method();
    let encode = context.encode(&encode(context, &sent));
    let is_zero = context.is_zero(&quote!(false));
    let decode = context.decode(&decode(context, &sent, &skipped));
    let zero = context.zero(&zero(context, fields));
    let merge = context.merge(&merge(context, &sent));
    Parts {
        helpers: TokenStream::new(),
        gob: quote!(#static_type #describe #schema),
        // Go always sends structs.
        encode: quote!(#encode #is_zero),
        decode: quote!(#decode #zero #merge),
    }
}

fn describe(context: &Context<'_>, sent: &[&Field]) -> TokenStream {
    let (setup, name, package) = context.go_name();
    let calls = sent.iter().map(|field| {
        let name = &field.name;
        let ty = field.wire_type();
        let method = if field.attributes.required.is_some() {
            quote!(required_field)
        } else {
            quote!(field)
        };
        quote_spanned!(field.span()=> __fields.#method::<#ty>(#name);)
    });
    let fields = if sent.is_empty() {
        quote!(_)
    } else {
        quote!(__fields)
    };
    quote! {
        #setup
        __schema.structure::<Self::Static>(#name, #package, |#fields| {
            #(#calls)*
        })
    }
}

fn encode(context: &Context<'_>, sent: &[&Field]) -> TokenStream {
    let krate = context.krate;
    let body = sent.iter().map(|field| {
        let name = &field.name;
        let value = context.sent(field);
        quote_spanned! {field.span()=>
            #krate::Writer::field(__writer, &mut __delta, #name, #value)?;
        }
    });
    let delta = (!sent.is_empty()).then(|| quote!(let mut __delta = 1;));
    quote! {
        __writer.enter()?;
        #delta
        #(#body)*
        __writer.end_struct();
        __writer.leave();
        ::core::result::Result::Ok(())
    }
}

fn decode(context: &Context<'_>, sent: &[&Field], skipped: &[&Field]) -> TokenStream {
    let krate = context.krate;
    let locals: Vec<_> = (0..sent.len())
        .map(|index| format_ident!("__field{index}"))
        .collect();
    let types = sent.iter().map(|field| &field.ty);
    let arms = sent
        .iter()
        .zip(&locals)
        .zip(0u16..)
        .map(|((field, local), number)| {
            let name = &field.name;
            let wire = field.wire_type();
            if field.attributes.proxy.is_none() {
                return quote_spanned! {field.span()=>
                    #number => #krate::Reader::field_into::<#wire>(
                        __reader, __node, #name, &mut #local,
                    ),
                };
            }
            let value = quote_spanned! {field.span()=>
                #krate::Reader::field::<#wire>(__reader, __node, #name)?
            };
            let value = context.received(field, &value);
            quote! {
                #number => {
                    #local = ::core::option::Option::Some(#value);
                    ::core::result::Result::Ok(())
                }
            }
        });
    let values = sent.iter().zip(&locals).map(|(field, local)| {
        let member = &field.member;
        let absent = context.absent(field);
        quote! {
            #member: match #local {
                ::core::option::Option::Some(__value) => __value,
                ::core::option::Option::None => #absent,
            },
        }
    });
    let others = skipped.iter().map(|field| {
        let member = &field.member;
        let absent = context.absent(field);
        quote!(#member: #absent,)
    });
    let read = if sent.is_empty() {
        quote! {
            while let ::core::option::Option::Some((_, __node)) =
                __reader.next_field(&mut __fields)?
            {
                __reader.skip(__node)?;
            }
        }
    } else {
        quote! {
            while let ::core::option::Option::Some((__number, __node)) =
                __reader.next_field(&mut __fields)?
            {
                match __number {
                    #(#arms)*
                    _ => __reader.skip(__node),
                }?;
            }
        }
    };
    quote! {
        let mut __fields = __reader.enter_struct(__plan)?;
        #(let mut #locals: ::core::option::Option<#types> = ::core::option::Option::None;)*
        #read
        // A closure has a frame of its own, which is gone while fields are read.
        (move || ::core::result::Result::Ok(Self {
            #(#values)*
            #(#others)*
        }))()
    }
}

/// Fields that were not sent stay as they are.
fn merge(context: &Context<'_>, sent: &[&Field]) -> TokenStream {
    let krate = context.krate;
    let arms = sent.iter().zip(0u16..).map(|(field, number)| {
        let (name, member) = (&field.name, &field.member);
        let wire = field.wire_type();
        if field.attributes.proxy.is_none() {
            return quote_spanned! {field.span()=>
                #number => #krate::Reader::merge_field::<#wire>(
                    __reader, __node, #name, &mut self.#member,
                ),
            };
        }
        let value = quote_spanned! {field.span()=>
            #krate::Reader::field::<#wire>(__reader, __node, #name)?
        };
        let value = context.received(field, &value);
        quote! {
            #number => {
                self.#member = #value;
                ::core::result::Result::Ok(())
            }
        }
    });
    quote! {
        let mut __fields = __reader.enter_struct(__plan)?;
        while let ::core::option::Option::Some((__number, __node)) =
            __reader.next_field(&mut __fields)?
        {
            match __number {
                #(#arms)*
                _ => __reader.skip(__node),
            }?;
        }
        ::core::result::Result::Ok(())
    }
}

fn zero(context: &Context<'_>, fields: &[Field]) -> TokenStream {
    let values = fields.iter().map(|field| {
        let member = &field.member;
        let absent = context.absent(field);
        quote!(#member: #absent,)
    });
    quote!(::core::result::Result::Ok(Self { #(#values)* }))
}
