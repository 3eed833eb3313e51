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
use crate::registry::URLS;
use crate::shape::Shape;
use crate::{convert, describe, go_type, hint, infer, json};

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
  gobrpc call --tls --ca ca.pem --cert me.pem --key me.key ledger:1234 Ledger.Total
  gobrpc call --via etcd://localhost:2379 user User.Name 17
  gobrpc call --via consul://localhost:8500 Arith Multiply '{{\"A\": 7, \"B\": 8}}'

{ADDRESSES}

{URLS}

Types:
{}", hint::HELP))]
pub(crate) struct CallArgs {
    #[command(flatten)]
    peer: PeerArgs,
    /// Service and method: Arith.Multiply; with --via the method is enough if the service
    /// is registered by its own name
    #[arg(value_name = "SERVICE.METHOD")]
    method: String,
    /// The argument; - reads it from standard input, none is the zero of its type
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

impl CallArgs {
    /// Service and method as they travel.
    fn method_name(&self) -> Result<String, Failure> {
        let name = match self.peer.service() {
            // By the name in the registry, unless another one is given.
            Some(service) if !self.method.contains('.') => format!("{service}.{}", self.method),
            _ => self.method.clone(),
        };
        match method::split(&name) {
            Ok(_) => Ok(name),
            Err(_) => Err(Failure::usage(format!(
                "{name:?} has no dot; a method is called by the name of its service and its own: \
                 Arith.Multiply"
            ))),
        }
    }
}

pub(crate) fn run(args: &CallArgs) -> Outcome {
    crate::block_on(call(args))
}

async fn call(args: &CallArgs) -> Outcome {
    let name = args.method_name()?;
    let argument = read_argument(&args.argument)?;
    let peer = args.peer.peer().await?;
    let described = match args.describe {
        Describe::Auto => describe::fetch(&peer).await?,
        Describe::Never => None,
    };
    let reply = match described {
        Some(listing) => {
            let method = describe::method(&listing, &name)?;
            if method.streams != "unary" {
                return Err(Failure::failed(format!(
                    "{name} is a stream ({}), and this tool calls methods with one argument and \
                     one reply only",
                    method.streams
                )));
            }
            let payload = payload(&argument, listing.schema(&method.args)?)?;
            exchange(&peer, &name, payload).await?
        }
        None => inferred(&peer, &name, &argument).await?,
    };
    let text = reply_text(&reply, args.pretty).map_err(|error| {
        error
            .with_phase(Phase::Decode)
            .with_delivery(Delivery::Answered)
            .with_peer(peer.name.as_str())
    })?;
    io::stdout()
        .write_all(&text)
        .and_then(|()| io::stdout().flush())
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// A call whose argument's type is inferred.
///
/// Without an argument nothing says its type, but the server does: it refuses what does
/// not fit, and says what would, before the method runs.
async fn inferred(peer: &Peer, name: &str, argument: &Json) -> Result<Body, Failure> {
    let mut shape = infer::argument(argument).map_err(bad_argument)?;
    let mut guesses = Guesses::default();
    loop {
        let schema = shape.schema().map_err(bad_argument)?;
        let payload = payload(argument, schema)?;
        let sent_as = payload.schema().to_string();
        let error = match exchange(peer, name, payload).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        let next = argument.is_null().then(|| guesses.next(&error)).flatten();
        match next {
            Some(next) => shape = next,
            None => return Err(explain(error, &sent_as, guesses.wanted.as_deref())),
        }
    }
}

/// Types to try for an argument that is nothing but zero.
#[derive(Default)]
struct Guesses {
    /// The type that the server wants, in its words.
    wanted: Option<String>,
    /// How many types were tried for a name that says nothing.
    tried: usize,
}

/// What a type with a name of its own may be.
const PLAIN: [&str; 7] = [
    "int",
    "string",
    "uint",
    "float64",
    "bool",
    "[]byte",
    "complex128",
];

impl Guesses {
    /// What to try after the server refused the last one.
    fn next(&mut self, refusal: &Error) -> Option<Shape> {
        // Go's words (`decoder.go`, `compatibleType`).
        let text = refused(refusal)?;
        let (_, rest) = text.split_once("decoding into local type ")?;
        let (wanted, _) = rest.split_once(", received remote type")?;
        // The server decodes into a pointer to it.
        let wanted = wanted.strip_prefix('*').unwrap_or(wanted);
        let first = self.wanted.replace(wanted.to_owned()).is_none();
        if first {
            if let Ok(shape) = go_type::parse(wanted) {
                // Tried once: it is not refused, or there is nothing more to try.
                self.tried = PLAIN.len();
                return Some(shape);
            }
        }
        let guess = PLAIN.get(self.tried)?;
        self.tried += 1;
        go_type::parse(guess).ok()
    }
}

/// What the server says of an argument that it could not decode.
fn refused(error: &Error) -> Option<&str> {
    (error.is_answer() && error.message().starts_with("gob: ")).then(|| error.message())
}

/// The error, and what was inferred if that is what the server could not take.
fn explain(error: Error, inferred: &str, wanted: Option<&str>) -> Failure {
    let refused = refused(&error).is_some();
    match Failure::from(error) {
        Failure::Failed(text) if refused => Failure::Failed(match wanted {
            Some(wanted) => format!(
                "{text} (there was no argument, and what a {wanted} is, is not known here; give \
                 one, such as '{{\"$as\":\"[]string\"}}')"
            ),
            None => format!(
                "{text} (the argument was sent as {inferred}; `gobrpc help call` has the hints \
                 that say another type)"
            ),
        }),
        failure => failure,
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
    let mut exchange = peer.caller.start(Request { head, body });
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
