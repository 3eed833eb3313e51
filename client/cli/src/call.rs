//! `gobrpc call`: one call, its argument and reply as JSON.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gobrpc_codec::{Prepared, Schema};
use gobrpc_protocol::caller::Head;
use gobrpc_protocol::{Body, Caller, Delivery, Error, Payload, Phase, Request, method};
use serde_json::Value as Json;

use crate::exit::{Failure, Outcome};
use crate::peer::{ADDRESSES, Peer, PeerArgs};
use crate::pretty::{self, Style};
use crate::{convert, describe, hint, infer, json};

/// Call a method with an argument in JSON, and print the reply as JSON
///
/// A server of gobrpc is asked first for the types of its method; for a Go server
/// they are inferred from the JSON, with hints where JSON is not enough.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc call localhost:1234 Arith.Multiply '{{\"A\": 7, \"B\": 8}}'
  gobrpc call localhost:1234 Store.Get '\"key\"' --timeout 500ms
  gobrpc call localhost:1234 Counter.Add '{{\"By\": {{\"$uint\": 7}}}}' --describe=never
  gobrpc call unix:///run/arith.sock Arith.Status --pretty
  gobrpc call --http localhost:8080 Arith.Sum - < numbers.json

{ADDRESSES}

Types:
{}", hint::HELP))]
pub(crate) struct CallArgs {
    #[command(flatten)]
    peer: PeerArgs,
    /// Service and method: Arith.Multiply
    #[arg(value_name = "SERVICE.METHOD")]
    method: String,
    /// The argument; - reads it from standard input, none is Go's struct{}
    #[arg(value_name = "JSON", default_value = "null", hide_default_value = true)]
    #[arg(allow_negative_numbers = true)]
    argument: String,
    /// Ask the server for the types of its method
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    describe: Describe,
    /// Print the reply for people, as `gobrpc decode --pretty` does
    #[arg(long)]
    pretty: bool,
}

/// When to ask the server for its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Describe {
    /// Ask, and infer types if it has no description
    Auto,
    /// Infer types: saves a round trip, and a line in a Go server's log
    Never,
}

pub(crate) fn run(args: &CallArgs) -> Outcome {
    crate::block_on(call(args))
}

async fn call(args: &CallArgs) -> Outcome {
    let peer = args.peer.peer()?;
    if method::split(&args.method).is_err() {
        return Err(Failure::usage(format!(
            "{:?} has no dot; a method is called by the name of its service and its own: \
             Arith.Multiply",
            args.method
        )));
    }
    let argument = read_argument(&args.argument)?;
    let described = match args.describe {
        Describe::Auto => describe::fetch(&peer).await?,
        Describe::Never => None,
    };
    let inferred = described.is_none();
    let payload = match described {
        Some(listing) => {
            let method = describe::method(&listing, &args.method)?;
            if method.streams != "unary" {
                return Err(Failure::failed(format!(
                    "{} is a stream ({}), and this tool calls methods with one argument and one \
                     reply only",
                    args.method, method.streams
                )));
            }
            payload(&argument, listing.schema(&method.args)?)?
        }
        None => {
            let schema = infer::argument(&argument).and_then(|shape| shape.schema());
            payload(&argument, schema.map_err(bad_argument)?)?
        }
    };
    let sent_as = payload.schema().to_string();
    let reply = exchange(&peer, &args.method, payload)
        .await
        .map_err(|error| explain(error, inferred.then_some(&sent_as)))?;
    let text = reply_text(&reply, args.pretty).map_err(|error| {
        error
            .with_phase(Phase::Decode)
            .with_delivery(Delivery::Answered)
            .with_peer(peer.client.peer())
    })?;
    io::stdout()
        .write_all(&text)
        .and_then(|()| io::stdout().flush())
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// The error, and what was inferred if that is what the server could not take.
fn explain(error: Error, inferred: Option<&String>) -> Failure {
    let refused = error.is_answer() && error.message().starts_with("gob: ");
    match (Failure::from(error), inferred) {
        (Failure::Failed(text), Some(inferred)) if refused => Failure::Failed(format!(
            "{text} (the argument was sent as {inferred}; `gobrpc help call` has the hints that \
             say another type)"
        )),
        (failure, _) => failure,
    }
}

fn bad_argument(text: String) -> Failure {
    Failure::usage(format!("the argument: {text}"))
}

fn read_argument(text: &str) -> Result<Json, Failure> {
    let mut input = String::new();
    let text = if text == "-" {
        io::stdin()
            .read_to_string(&mut input)
            .map_err(|error| Failure::failed(format!("reading standard input: {error}")))?;
        &input
    } else {
        text
    };
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!(
            "the argument is not JSON: {error}; strings want their quotes: '\"text\"'"
        ))
    })
}

fn payload(argument: &Json, schema: Schema) -> Result<Payload, Failure> {
    let value = convert::argument(argument, schema).map_err(bad_argument)?;
    let prepared = Prepared::from_value(&value).map_err(|error| bad_argument(error.to_string()))?;
    Ok(Payload::from(prepared))
}

/// Makes a call whose reply may be of any type.
async fn exchange(peer: &Peer, method: &str, body: Payload) -> Result<Body, Error> {
    let mut head = Head::new(method.to_owned());
    head.timeout = peer.time_left();
    let mut exchange = peer.client.start(Request { head, body });
    match poll_fn(|cx| exchange.poll_next(cx)).await {
        Some(item) => Ok(item?.body),
        None => Err(Error::internal("the exchange ended without a reply")
            .with_phase(Phase::Wait)
            .with_delivery(Delivery::Sent)),
    }
}

fn reply_text(reply: &Body, pretty: bool) -> Result<Vec<u8>, Error> {
    let raw = reply
        .raw()
        .ok_or_else(|| Error::internal("the reply is no gob"))?;
    let value = raw.to_value()?;
    let mut text = Vec::new();
    let printed = if pretty {
        pretty::write(&value, Style::of(&io::stdout()), &mut text)
    } else {
        json::write(&value, &mut text)
    };
    printed.map_err(|error| Error::resource_exhausted(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
