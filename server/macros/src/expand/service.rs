//! `ArithServer<S>`: calls to an implementation of the trait.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::{Names, at, error_span, name_at, path_at};
use crate::check::{Definition, Method, Parameter};

pub(super) fn expand(definition: &Definition, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol,
        visibility,
        conditions,
        service,
        server,
        info,
        implementation,
        ..
    } = names;
    let methods = &definition.methods;
    let arms = methods
        .iter()
        .enumerate()
        .map(|(index, method)| arm(index, method, names));
    // The context would be an unused variable where no method asks for it.
    let needs_context = |method: &Method| method.takes_context() || method.streams_in();
    let context = if methods.iter().any(needs_context) {
        Ident::new("context", Span::mixed_site()).into_token_stream()
    } else {
        quote_spanned!(Span::mixed_site()=> _)
    };
    let about = format!(
        "Serves an implementation of [`{service}`]: this is what to register with a server."
    );
    let type_name = server.to_string();
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #[doc = #about]
        #[allow(dead_code, non_camel_case_types)]
        #visibility struct #server<#implementation> {
            service: ::std::sync::Arc<#implementation>,
        }

        #(#conditions)*
        #[allow(dead_code, deprecated)]
        impl<#implementation: #service> #server<#implementation> {
            /// Serves this implementation.
            #[must_use]
            #visibility fn new(service: #implementation) -> Self {
                Self::from_arc(::std::sync::Arc::new(service))
            }

            /// Serves an implementation that others hold, too.
            #[must_use]
            #visibility fn from_arc(service: ::std::sync::Arc<#implementation>) -> Self {
                Self { service }
            }
        }

        #(#conditions)*
        impl<#implementation> ::core::clone::Clone for #server<#implementation> {
            fn clone(&self) -> Self {
                Self {
                    service: ::std::sync::Arc::clone(&self.service),
                }
            }
        }

        #(#conditions)*
        impl<#implementation> ::core::fmt::Debug for #server<#implementation> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::write_str(f, #type_name)
            }
        }

        #(#conditions)*
        #[allow(deprecated)]
        impl<#implementation: #service> #protocol::Service for #server<#implementation> {
            fn info(&self) -> &'static #protocol::ServiceInfo {
                &#info
            }

            fn call(
                &self,
                method: ::core::primitive::usize,
                #context: #protocol::Context,
                body: #protocol::Body,
            ) -> #protocol::Handling {
                // Methods whose arguments are streams have none here.
                let _ = &body;
                match method {
                    #(#arms)*
                    _ => #protocol::Handling::Ready(::core::result::Result::Err(
                        #protocol::Error::internal("a service has no method of this index"),
                    )),
                }
            }
        }
    }
}

/// What to do for one method: decode at once, run later.
fn arm(index: usize, method: &Method, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol,
        service,
        implementation,
        ..
    } = names;
    let index = Literal::usize_unsuffixed(index);
    let ident = name_at(&method.ident, &method.ident);
    let service = name_at(service, &method.ident);
    let (decoded, ty) = match method.argument() {
        Some((_, ty)) => (quote_spanned!(at(ty)=> args), ty.to_token_stream()),
        None => {
            let unit = quote_spanned!(Span::mixed_site()=> ());
            (unit.clone(), unit)
        }
    };
    let decode = match method.wire_argument() {
        // The items come beside the body, which is empty.
        Some((item, true)) => {
            let protocol = path_at(protocol, at(item));
            quote_spanned! {at(item)=>
                #protocol::Result::Ok(#protocol::Streaming::<#item>::incoming(&context))
            }
        }
        _ => quote_spanned!(at(&ty)=> #protocol::Body::decode_argument::<#ty>(&body)),
    };
    let parameters = method.parameters.iter().map(|parameter| match parameter {
        Parameter::Context(ty) => quote_spanned!(at(ty)=> &context),
        Parameter::Argument(_, ty, _) => quote_spanned!(at(ty)=> args),
    });
    let result = quote_spanned! {Span::mixed_site()=>
        <#implementation as #service>::#ident(&*service, #(#parameters),*)
    };
    let result = if method.blocking {
        result
    } else {
        quote_spanned!(Span::mixed_site()=> #result.await)
    };
    let place = method.wire_reply.as_ref().unwrap_or(&method.reply);
    let response = path_at(protocol, at(place));
    let response = match &method.wire_reply {
        None if method.streams_out => {
            quote_spanned! {at(place)=>
                ::core::result::Result::Ok(#response::Response::streaming(reply))
            }
        }
        None => quote_spanned!(at(place)=> #response::Response::unary(&reply)),
        Some(ty) => quote_spanned! {at(place)=>
            #response::Response::unary(&<#ty as ::core::default::Default>::default())
        },
    };
    let reply = match &method.wire_reply {
        None => quote_spanned!(Span::mixed_site()=> reply),
        Some(_) => quote_spanned!(Span::mixed_site()=> ()),
    };
    let error = quote_spanned! {error_span(method)=>
        ::core::convert::Into::<#protocol::Error>::into(error)
    };
    let response = quote_spanned! {Span::mixed_site()=>
        match #result {
            ::core::result::Result::Ok(#reply) => #response,
            ::core::result::Result::Err(error) => ::core::result::Result::Err(#error),
        }
    };
    let handling = if method.blocking {
        quote_spanned!(Span::mixed_site()=> #protocol::Handling::blocking(move || { #response }))
    } else {
        quote_spanned! {Span::mixed_site()=>
            #protocol::Handling::future(async move { #response })
        }
    };
    quote_spanned! {Span::mixed_site()=>
        #index => {
            let #decoded = match #decode {
                ::core::result::Result::Ok(args) => args,
                ::core::result::Result::Err(error) => {
                    return #protocol::Handling::Ready(::core::result::Result::Err(error));
                }
            };
            let service = ::std::sync::Arc::clone(&self.service);
            #handling
        }
    }
}
