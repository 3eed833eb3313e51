//! The signature of a method.

use syn::{
    FnArg, GenericArgument, Ident, Pat, PatType, PathArguments, Receiver, ReturnType, Signature,
    TraitItemFn, Type,
};

use super::{Method, Parameter, types};
use crate::errors::Errors;
use crate::parse::MethodOptions;

/// Checks a method; none if it has faults that leave nothing to generate from.
pub(super) fn method(
    function: &TraitItemFn,
    name: String,
    options: MethodOptions,
    errors: &mut Errors,
) -> Option<Method> {
    let signature = &function.sig;
    attributes(function, errors);
    qualifiers(signature, options.blocking, errors);
    receiver(signature, errors);
    let parameters = parameters(signature, errors);
    let (output, reply, error) = output(signature, errors)?;
    let (reply, streams_out) = match types::streaming(&reply) {
        Some(item) => (item.clone(), true),
        None => (reply, false),
    };
    types::check(&reply, errors);
    let streams_in = parameters
        .iter()
        .any(|it| matches!(it, Parameter::Argument(_, _, Some(_))));
    if options.blocking && (streams_in || streams_out) {
        errors.push(
            &signature.ident,
            "a blocking method awaits nothing, and so has no streams: write `async fn`",
        );
    }

    if options.one_way && (streams_in || streams_out || !is_unit(&reply)) {
        errors.push(
            &signature.ident,
            "a one-way method has no reply and no streams: return `Result<()>`",
        );
    }

    if let Some(wire) = &options.reply {
        if !is_unit(&reply) {
            errors.push(
                wire,
                "`reply` stands for a reply `()`: write the type into the `Result`, or return \
                 `Result<()>`",
            );
        }
        types::check(wire, errors);
    }
    Some(Method {
        ident: signature.ident.clone(),
        attributes: function.attrs.clone(),
        name,
        parameters,
        output,
        reply,
        streams_out,
        error,
        wire_reply: options.reply,
        idempotent: options.idempotent,
        blocking: options.blocking,
        one_way: options.one_way,
    })
}

/// The table of methods has fixed indices, and the two ends of a connection are
/// built apart.
fn attributes(function: &TraitItemFn, errors: &mut Errors) {
    for attribute in &function.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.push(
                attribute,
                "a service has the same methods in every build: put this on the trait",
            );
        }
    }
}

fn qualifiers(signature: &Signature, blocking: bool, errors: &mut Errors) {
    match (&signature.asyncness, blocking) {
        (None, false) => errors.push(
            signature.fn_token,
            "write `async fn`, or `#[rpc(blocking)]` if the method keeps a thread busy",
        ),
        (Some(token), true) => errors.push(
            token,
            "a blocking method has a thread for itself and awaits nothing: remove `async`, or \
             `#[rpc(blocking)]`",
        ),
        (Some(_), false) | (None, true) => {}
    }
    if let Some(token) = &signature.constness {
        errors.push(token, "a method of a service cannot be `const`");
    }
    if let Some(token) = &signature.unsafety {
        errors.push(
            token,
            "peers call the method, so it is safe: remove `unsafe`",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi, "peers call the method by its name: remove `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        errors.push(variadic, ONE_ARGUMENT);
    }
    if !signature.generics.params.is_empty() {
        errors.push(
            &signature.generics,
            "a method has one argument type and one reply type on the wire: remove the generics",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.push(clause, "a method has no `where` clause: remove it");
    }
}

fn receiver(signature: &Signature, errors: &mut Errors) {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
        errors.push(
            &signature.ident,
            "a method of a service has `&self` as its first parameter",
        );
        return;
    };
    let Receiver {
        attrs,
        reference,
        mutability,
        colon_token,
        ..
    } = receiver;
    let message = match reference {
        _ if !attrs.is_empty() => "parameters have no attributes: remove them",
        _ if colon_token.is_some() => "write `&self`",
        Some((_, Some(_))) => "write `&self`, without a lifetime",
        Some(_) if mutability.is_some() => {
            "many calls run at once, so write `&self`, and keep what changes in a `Mutex` or an \
             atomic"
        }
        None => "many calls share the service, so write `&self`",
        Some(_) => return,
    };
    errors.push(receiver, message);
}

const ONE_ARGUMENT: &str = "Go's net/rpc has one argument: put them into a struct";

fn parameters(signature: &Signature, errors: &mut Errors) -> Vec<Parameter> {
    let mut parameters = Vec::with_capacity(2);
    let (mut arguments, mut contexts) = (0, 0);
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else {
            continue;
        };
        let ty = &*input.ty;
        let ident = plain_name(input, errors);
        if let Some(reference) = types::context(ty) {
            contexts += 1;
            if contexts == 2 {
                errors.push(input, "a call has one context: remove this one");
            }
            if reference.mutability.is_some() || reference.lifetime.is_some() {
                errors.push(ty, "write `&Context`");
            }
            parameters.push(Parameter::Context(ty.clone()));
        } else {
            arguments += 1;
            if arguments == 2 {
                errors.push(input, ONE_ARGUMENT);
            }
            let item = types::streaming(ty);
            types::check(item.unwrap_or(ty), errors);
            parameters.extend(
                ident.map(|ident| {
                    Parameter::Argument(ident, ty.clone(), item.cloned().map(Box::new))
                }),
            );
        }
    }
    parameters
}

fn plain_name(input: &PatType, errors: &mut Errors) -> Option<Ident> {
    if !input.attrs.is_empty() {
        errors.push(input, "parameters have no attributes: remove them");
    }
    if let Pat::Ident(pattern) = &*input.pat {
        if pattern.by_ref.is_none() && pattern.mutability.is_none() && pattern.subpat.is_none() {
            return Some(pattern.ident.clone());
        }
    }
    errors.push(
        &input.pat,
        "an argument has a plain name: take it apart in the body of the method",
    );
    None
}

/// The type behind the arrow, and its parameters.
fn output(signature: &Signature, errors: &mut Errors) -> Option<(Type, Type, Option<Type>)> {
    let ReturnType::Type(_, output) = &signature.output else {
        errors.push(
            &signature.ident,
            "any call can fail on its way: return `Result<()>`",
        );
        return None;
    };
    let last = match &**output {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    let Some(last) = last.filter(|last| last.ident == "Result") else {
        let message = match &**output {
            Type::ImplTrait(_) => "write `async fn`, and `Result<…>` behind the arrow".to_owned(),
            output => format!(
                "any call can fail on its way: return `Result<{}>`",
                types::text(output)
            ),
        };
        errors.push(output, message);
        return None;
    };
    let mut types = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    }
    .into_iter()
    .flatten()
    .filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    });
    let Some(reply) = types.next() else {
        errors.push(
            output,
            "say what the `Result` holds: `Result<()>` for nothing",
        );
        return None;
    };
    Some(((**output).clone(), reply, types.next()))
}

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}
