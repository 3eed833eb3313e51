//! `gobrpc list`: what a server offers.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use gobrpc_protocol::health::SERVICE as HEALTH;
use gobrpc_protocol::reflection::{Listing, MethodListing, SERVICE, TypeListing, TypeReference};
use serde_json::{Value as Json, json};

use crate::describe;
use crate::exit::{Failure, Outcome};
use crate::peer::{ADDRESSES, PeerArgs};
use crate::printable::printable;
use crate::registry::URLS;

/// List the services of a server: methods, types and documentation
///
/// The server must have a reflection service, as those of gobrpc-server have
/// unless they leave it out. Go's net/rpc has none.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc list localhost:1234
  gobrpc list --json unix:///run/arith.sock | jq '.services[].methods[].name'
  gobrpc list --http localhost:8080
  gobrpc list --tls --ca ca.pem --server-name ledger.internal 10.0.0.9:1234
  gobrpc list --via etcd://localhost:2379 user

{ADDRESSES}

{URLS}"))]
pub(crate) struct ListArgs {
    #[command(flatten)]
    peer: PeerArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Also list what every server has: health, reflection
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &ListArgs) -> Outcome {
    crate::block_on(list(args))
}

async fn list(args: &ListArgs) -> Outcome {
    let peer = args.peer.peer().await?;
    let Some(mut listing) = describe::fetch(&peer).await? else {
        return Err(Failure::failed(format!(
            "{} has no reflection service, so it cannot tell what it offers; Go's net/rpc never \
             can. Calls work all the same: gobrpc call ADDR Service.Method JSON. A net/rpc \
             server that serves HTTP may list its methods at /debug/rpc.",
            peer.name
        )));
    };
    if !args.all {
        listing
            .services
            .retain(|service| ![SERVICE, HEALTH].contains(&service.name.as_str()));
    }
    let text = if args.json {
        format!("{:#}\n", as_json(&listing))
    } else {
        as_text(&listing)
    };
    io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| io::stdout().flush())
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

fn as_text(listing: &Listing) -> String {
    let mut lines = Vec::new();
    for service in &listing.services {
        lines.push(printable(&service.name));
        push_docs(&mut lines, &service.docs, "    ");
        for method in &service.methods {
            lines.push(String::new());
            lines.push(format!("    {}", printable(&signature(method))));
            push_docs(&mut lines, &method.docs, "        ");
        }
        lines.push(String::new());
    }
    if listing.services.is_empty() {
        lines.push("no services".to_owned());
    }
    for (name, ty) in named_types(listing) {
        let definition = definition(ty);
        lines.push(printable(&format!("type {name} {definition}")));
    }
    // One line end, whatever came last.
    format!("{}\n", lines.join("\n").trim_end())
}

fn push_docs(lines: &mut Vec<String>, docs: &str, indent: &str) {
    lines.extend(
        docs.lines()
            .map(|line| format!("{indent}{}", printable(line)).trim_end().to_owned()),
    );
}

/// `Multiply(main.Args) int64`
fn signature(method: &MethodListing) -> String {
    let (args, reply) = match method.streams.as_str() {
        "client" => ("stream of ", ""),
        "server" => ("", "stream of "),
        "both" => ("stream of ", "stream of "),
        _ => ("", ""),
    };
    let idempotent = if method.idempotent {
        "  (idempotent)"
    } else {
        ""
    };
    let one_way = if method.one_way { "  (one-way)" } else { "" };
    format!(
        "{}({args}{}) {reply}{}{idempotent}{one_way}",
        method.name, method.args.text, method.reply.text
    )
}

/// The types that have names of their own and are reached from a method, by
/// name. Walks with a list of its own, as types may be recursive.
fn named_types(listing: &Listing) -> BTreeMap<String, &TypeListing> {
    let mut named = BTreeMap::new();
    let mut seen = vec![false; listing.types.len()];
    let mut todo: Vec<&TypeReference> = listing
        .services
        .iter()
        .flat_map(|service| &service.methods)
        .flat_map(|method| [&method.args, &method.reply])
        .collect();
    while let Some(reference) = todo.pop() {
        let Ok(index) = usize::try_from(reference.index) else {
            continue;
        };
        let (Some(ty), Some(seen)) = (listing.types.get(index), seen.get_mut(index)) else {
            continue;
        };
        if std::mem::replace(seen, true) {
            continue;
        }
        // Go's own types have no package.
        if !ty.package.is_empty() {
            named.insert(format!("{}.{}", ty.package, ty.name), ty);
        }
        match ty.kind.as_str() {
            "struct" => todo.extend(ty.fields.iter().map(|field| &field.reference)),
            "slice" | "array" => todo.push(&ty.elem),
            "map" => todo.extend([&ty.key, &ty.elem]),
            _ => {}
        }
    }
    named
}

/// What a named type is: `struct { X int64; Y int64 }`.
fn definition(ty: &TypeListing) -> String {
    match ty.kind.as_str() {
        "struct" if ty.fields.is_empty() => "struct {}".to_owned(),
        "struct" => {
            let fields: Vec<String> = ty
                .fields
                .iter()
                .map(|field| format!("{} {}", field.name, field.reference.text))
                .collect();
            format!("struct {{ {} }}", fields.join("; "))
        }
        "slice" => format!("[]{}", ty.elem.text),
        "array" => format!("[{}]{}", ty.length, ty.elem.text),
        "map" => format!("map[{}]{}", ty.key.text, ty.elem.text),
        "bytes" => "[]byte".to_owned(),
        "float" => "float64".to_owned(),
        "complex" => "complex128".to_owned(),
        "interface" => "interface {}".to_owned(),
        "gobencoder" => "(writes itself: gob.GobEncoder)".to_owned(),
        "binarymarshaler" => "(writes itself: encoding.BinaryMarshaler)".to_owned(),
        "textmarshaler" => "(writes itself: encoding.TextMarshaler)".to_owned(),
        kind => kind.to_owned(),
    }
}

fn as_json(listing: &Listing) -> Json {
    let services: Vec<Json> = listing
        .services
        .iter()
        .map(|service| {
            let methods: Vec<Json> = service
                .methods
                .iter()
                .map(|method| {
                    json!({
                        "name": method.name,
                        "args": method.args.text,
                        "reply": method.reply.text,
                        "streams": method.streams,
                        "idempotent": method.idempotent,
                        "one_way": method.one_way,
                        "docs": method.docs,
                    })
                })
                .collect();
            json!({"name": service.name, "docs": service.docs, "methods": methods})
        })
        .collect();
    let types: serde_json::Map<String, Json> = named_types(listing)
        .into_iter()
        .map(|(name, ty)| (name, type_json(ty)))
        .collect();
    json!({"services": services, "types": types})
}

fn type_json(ty: &TypeListing) -> Json {
    match ty.kind.as_str() {
        "struct" => {
            let fields: Vec<Json> = ty
                .fields
                .iter()
                .map(|field| json!({"name": field.name, "type": field.reference.text}))
                .collect();
            json!({"kind": ty.kind, "fields": fields})
        }
        "slice" => json!({"kind": ty.kind, "elem": ty.elem.text}),
        "array" => json!({"kind": ty.kind, "elem": ty.elem.text, "len": ty.length}),
        "map" => json!({"kind": ty.kind, "key": ty.key.text, "elem": ty.elem.text}),
        kind => json!({"kind": kind}),
    }
}
