//! `gobrpc types`: the types that a gob stream defines.

mod declared;
mod diff;
mod go;
mod graph;
pub(crate) mod names;
mod pointers;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::inspect::{Definition, DefinitionKind, Event};
use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{GoString, Value};

use crate::exit::{Failure, Outcome};
use crate::json;
use crate::source::Source;
use diff::Diff;

pub(crate) use declared::{Declared, Dialect};
pub(crate) use go::interface;
pub(crate) use graph::{Graph, Node};
pub(crate) use names::{Names, exported, shown};
pub(crate) use pointers::Pointers;

/// Print the types that a gob stream defines
///
/// As Go declarations, or as lines of JSON, in the order in which they stand in
/// the stream; also those that are defined inside of interface values.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc types session.gob
  gobrpc types --json session.gob | jq -r .name
  curl -s http://host/state.gob | gobrpc types -
  gobrpc types --diff old.gob new.gob

With --diff types pair up by their names, and both ways are looked at: what the program
of the one file writes is read by that of the other, and back. Exit status 1 if that
breaks; what loses data or may fail is told, and 0.

A line of JSON, by kind:
  {\"id\":64,\"common_id\":64,\"kind\":\"struct\",\"name\":\"Point\",\"fields\":[{\"name\":\"X\",\"id\":2}]}
  {\"id\":65,\"common_id\":65,\"kind\":\"slice\",\"name\":\"[]main.Point\",\"elem\":64}
  {\"id\":66,\"common_id\":66,\"kind\":\"array\",\"name\":\"\",\"elem\":2,\"len\":3}
  {\"id\":67,\"common_id\":67,\"kind\":\"map\",\"name\":\"\",\"key\":6,\"elem\":64}
  {\"id\":68,\"common_id\":69,\"kind\":\"gobencoder\",\"name\":\"Time\"}
kind is also binarymarshaler or textmarshaler. Ids below 64: 1 bool, 2 int, 3 uint,
4 float, 5 bytes, 6 string, 7 complex, 8 interface.

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the types before the fault.")]
pub(crate) struct TypesArgs {
    #[command(flatten)]
    source: Source,
    /// Print lines of JSON instead of Go declarations; with --diff one object
    #[arg(long)]
    json: bool,
    /// Compare with the types of another stream, as if the two programs met
    #[arg(long, requires = "other")]
    diff: bool,
    /// The other stream; with --diff
    #[arg(value_name = "OTHER", requires = "diff")]
    other: Option<PathBuf>,
}

pub(crate) fn run(args: &TypesArgs) -> Outcome {
    match &args.other {
        Some(other) => compare(args, other),
        None => print(args),
    }
}

fn compare(args: &TypesArgs, other: &Path) -> Outcome {
    if other == args.source.path() && other == Path::new("-") {
        return Err(Failure::usage(
            "standard input can be one of the streams only",
        ));
    }
    let diff = Diff::read(&args.source, &args.source.beside(other.to_owned()))?;
    let text = if args.json { diff.json() } else { diff.text() };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::output(&error))?;
    Ok(match diff.is_compatible() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn print(args: &TypesArgs) -> Outcome {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    let mut definitions = Vec::new();
    let read = args.source.read(|event| {
        let Event::Definition { definition, .. } = event else {
            return Ok(());
        };
        if args.json {
            line.clear();
            put_json(&mut line, definition)?;
            return output.write_all(&line);
        }
        definitions.push((*definition).clone());
        Ok(())
    });
    // Also after an error: what stands before it is not lost.
    let printed = if args.json {
        Ok(())
    } else {
        output.write_all(go::listing(&Graph::new(definitions)).as_bytes())
    };
    let flushed = printed.and_then(|()| output.flush());
    args.source.outcome(read)?;
    flushed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// The definition as a line, without the space of a pretty one.
fn put_json(line: &mut Vec<u8>, definition: &Definition) -> io::Result<()> {
    let kind = match &definition.kind {
        DefinitionKind::Struct { .. } => "struct",
        DefinitionKind::Slice { .. } => "slice",
        DefinitionKind::Array { .. } => "array",
        DefinitionKind::Map { .. } => "map",
        DefinitionKind::Opaque(Opaque::Gob) => "gobencoder",
        DefinitionKind::Opaque(Opaque::Binary) => "binarymarshaler",
        DefinitionKind::Opaque(Opaque::Text) => "textmarshaler",
    };
    let (id, common_id) = (definition.id, definition.common_id);
    let head = format!("{{\"id\":{id},\"common_id\":{common_id},\"kind\":\"{kind}\",\"name\":");
    line.extend_from_slice(head.as_bytes());
    put_string(line, &definition.name)?;
    let tail = match &definition.kind {
        DefinitionKind::Struct { fields } => {
            line.extend_from_slice(b",\"fields\":[");
            for (index, field) in fields.iter().enumerate() {
                let start: &[u8] = if index == 0 { b"" } else { b"," };
                line.extend_from_slice(start);
                line.extend_from_slice(b"{\"name\":");
                put_string(line, &field.name)?;
                line.extend_from_slice(format!(",\"id\":{}}}", field.id).as_bytes());
            }
            "]".to_owned()
        }
        DefinitionKind::Slice { elem } => format!(",\"elem\":{elem}"),
        DefinitionKind::Array { elem, length } => format!(",\"elem\":{elem},\"len\":{length}"),
        DefinitionKind::Map { key, elem } => format!(",\"key\":{key},\"elem\":{elem}"),
        DefinitionKind::Opaque(_) => String::new(),
    };
    line.extend_from_slice(tail.as_bytes());
    line.extend_from_slice(b"}\n");
    Ok(())
}

/// A name, as strings of values print.
fn put_string(line: &mut Vec<u8>, name: &GoString) -> io::Result<()> {
    json::write(&Value::String(name.clone()), line)
}
