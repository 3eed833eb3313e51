//! `ArithClient<C>`: the methods of the trait as calls to a peer.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::ext::IdentExt;

use super::{Names, at, attributes_named, error_span, name_at};
use crate::check::{Definition, Method, Parameter};

pub(super) fn expand(definition: &Definition, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol,
        visibility,
        conditions,
        service,
        client,
        caller,
        ..
    } = names;
    let methods = &definition.methods;
    let calls = methods
        .iter()
        .map(|method| inherent(method, definition, names));
    let implementations = methods
        .iter()
        .map(|method| implementation(method, definition, names));
    // The methods of the service come first: `From` makes a client of any caller.
    let constructor = (!methods.iter().any(|method| method.ident.unraw() == "new")).then(|| {
        quote_spanned! {Span::mixed_site()=>
            /// A client that calls through `caller`: a connection, or a layer
            /// around one.
            #[must_use]
            #visibility fn new(caller: #caller) -> Self {
                Self { caller }
            }
        }
    });
    let about = format!(
        "Calls the service [`{service}`].\n\nA method sends nothing until its call is awaited or \
         started."
    );
    let type_name = client.to_string();
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #[doc = #about]
        #[allow(dead_code, non_camel_case_types)]
        #visibility struct #client<#caller = ::std::sync::Arc<dyn #protocol::Caller>> {
            caller: #caller,
        }

        #(#conditions)*
        #[allow(dead_code, deprecated, non_snake_case)]
        impl<#caller: #protocol::Caller + ::core::clone::Clone> #client<#caller> {
            #constructor
            #(#calls)*
        }

        #(#conditions)*
        impl<#caller> ::core::convert::From<#caller> for #client<#caller> {
            fn from(caller: #caller) -> Self {
                Self { caller }
            }
        }

        #(#conditions)*
        impl<#caller: ::core::clone::Clone> ::core::clone::Clone for #client<#caller> {
            fn clone(&self) -> Self {
                Self {
                    caller: ::core::clone::Clone::clone(&self.caller),
                }
            }
        }

        #(#conditions)*
        impl<#caller> ::core::fmt::Debug for #client<#caller> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::write_str(f, #type_name)
            }
        }

        #(#conditions)*
        #[allow(deprecated)]
        impl<#caller> #service for #client<#caller>
        where
            #caller: #protocol::Caller
                + ::core::clone::Clone
                + ::core::marker::Send
                + ::core::marker::Sync
                + 'static,
        {
            #(#implementations)*
        }
    }
}

/// The method that gives a call to configure and await.
fn inherent(method: &Method, definition: &Definition, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol,
        visibility,
        caller,
        ..
    } = names;
    let ident = &method.ident;
    let documented = attributes_named(&method.attributes, "doc");
    let deprecated = attributes_named(&method.attributes, "deprecated");
    let default = attributes_named(&method.attributes, "doc")
        .next()
        .is_none()
        .then(|| {
            let about = format!("Calls `{}.{}`.", definition.name, method.name);
            quote_spanned!(Span::mixed_site()=> #[doc = #about])
        });
    let parameter = method.argument().map(|(ident, ty)| typed(ident, ty));
    let reply = method.awaited();
    let call = call(method, definition, names);
    let kind = kind(method);
    quote_spanned! {Span::mixed_site()=>
        #(#documented)*
        #default
        #(#deprecated)*
        #visibility fn #ident(&self, #parameter) -> #protocol::#kind<#reply, #caller> {
            #call
        }
    }
}

/// A parameter as [`call`] names it.
fn typed(ident: &Ident, ty: &Type) -> TokenStream {
    let ident = name_at(ident, ty);
    quote_spanned!(at(ty)=> #ident: #ty)
}

/// What stands for an unsent call.
fn kind(method: &Method) -> Ident {
    let kind = if method.streams_out {
        "StreamCall"
    } else {
        "Call"
    };
    Ident::new(kind, Span::mixed_site())
}

/// The call itself, unsent.
fn call(method: &Method, definition: &Definition, names: &Names<'_>) -> TokenStream {
    let protocol = &names.protocol;
    let service_method = format!("{}.{}", definition.name, method.name);
    let kind = kind(method);
    let constructor = if method.streams_in() {
        "streaming"
    } else {
        "new"
    };
    let constructor = Ident::new(constructor, Span::mixed_site());
    let argument = match method.argument() {
        Some((ident, ty)) if method.streams_in() => {
            let ident = name_at(ident, ty);
            quote_spanned!(at(ty)=> #ident)
        }
        Some((ident, ty)) => {
            let ident = name_at(ident, ty);
            quote_spanned!(at(ty)=> &#ident)
        }
        None => quote_spanned!(Span::mixed_site()=> &()),
    };
    let call = quote_spanned! {Span::mixed_site()=>
        #protocol::#kind::#constructor(
            ::core::clone::Clone::clone(&self.caller),
            #service_method,
            #argument,
        )
    };
    let call = if method.idempotent {
        quote_spanned!(Span::mixed_site()=> #protocol::#kind::idempotent(#call))
    } else {
        call
    };
    if method.one_way {
        quote_spanned! {Span::mixed_site()=>
            #protocol::Call::<(), _>::one_way(#call)
        }
    } else {
        call
    }
}

/// The method of the trait, for code that is generic over the trait.
fn implementation(method: &Method, definition: &Definition, names: &Names<'_>) -> TokenStream {
    let Names {
        protocol, caller, ..
    } = names;
    let Method { ident, output, .. } = method;
    if method.blocking {
        return blocking(method, names);
    }
    let taken = method
        .argument()
        .is_some_and(|(ident, _)| ident.unraw() == "context");
    let name = if taken { "handled" } else { "context" };
    let context = Ident::new(name, Span::mixed_site());
    let parameters = method.parameters.iter().map(|parameter| match parameter {
        Parameter::Context(ty) => {
            let context = name_at(&context, ty);
            quote_spanned!(at(ty)=> #context: #ty)
        }
        Parameter::Argument(ident, ty, _) => typed(ident, ty),
    });
    let reply = method.awaited();
    let kind = kind(method);
    let mut call = call(method, definition, names);
    if method.takes_context() {
        // Code that is generic over the trait hands on what it handles.
        call = quote_spanned!(Span::mixed_site()=> #protocol::#kind::within(#call, #context));
    }
    let awaited = quote_spanned!(at(&*reply)=> call.await);
    let (got, value) = match &method.wire_reply {
        None => {
            let reply = quote_spanned!(Span::mixed_site()=> reply);
            (reply.clone(), reply)
        }
        Some(_) => (
            quote_spanned!(Span::mixed_site()=> _),
            quote_spanned!(Span::mixed_site()=> ()),
        ),
    };
    let error = quote_spanned! {error_span(method)=>
        ::core::convert::From::<#protocol::Error>::from(error)
    };
    quote_spanned! {Span::mixed_site()=>
        fn #ident(
            &self,
            #(#parameters),*
        ) -> impl ::core::future::Future<Output = #output> + ::core::marker::Send {
            // The argument is encoded here, so that the future need not hold it.
            let call: #protocol::#kind<#reply, #caller> = #call;
            async move {
                match #awaited {
                    ::core::result::Result::Ok(#got) => ::core::result::Result::Ok(#value),
                    ::core::result::Result::Err(error) => ::core::result::Result::Err(#error),
                }
            }
        }
    }
}

/// A method that cannot wait for the network, since it is not `async`.
fn blocking(method: &Method, names: &Names<'_>) -> TokenStream {
    let protocol = &names.protocol;
    let Method { ident, output, .. } = method;
    let parameters = method.parameters.iter().map(|parameter| match parameter {
        Parameter::Context(ty) | Parameter::Argument(_, ty, _) => {
            quote_spanned!(at(ty)=> _: #ty)
        }
    });
    let message = format!(
        "a blocking method of a trait cannot await a reply: call `{}::{}`, which the client has \
         beside that of the trait",
        names.client, ident
    );
    let error = quote_spanned!(error_span(method)=> ::core::convert::From::from(error));
    quote_spanned! {Span::mixed_site()=>
        fn #ident(&self, #(#parameters),*) -> #output {
            let error = #protocol::Error::unimplemented(#message);
            ::core::result::Result::Err(#error)
        }
    }
}
