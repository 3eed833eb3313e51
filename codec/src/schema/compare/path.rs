//! Where in two types a pair of types was met.

use super::{Pair, Schema};
use crate::schema::Kind;

/// Where a pair was met first, which is as near to a root as it can be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// As a type that values have, of this number.
    Root(usize),
    /// In the pair of this number.
    Part(usize, Step),
}

/// The way from a type to a part of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A field of the writer's.
    Field(usize),
    Elem,
    Key,
}

/// The path of a pair: `Person.Address[].Zip`.
pub(super) fn text(pairs: &[Pair], writer: &Schema, roots: &[String], pair: usize) -> String {
    /// More would not be read by anyone: a chain of types may be long.
    const LONGEST: usize = 32;
    let mut steps = Vec::new();
    let mut next = pair;
    let root = loop {
        if steps.len() == LONGEST {
            break Some("…");
        }
        let Some(pair) = pairs.get(next) else {
            break None;
        };
        match pair.place {
            Place::Root(root) => break roots.get(root).map(String::as_str),
            Place::Part(outer, step) => {
                steps.push((outer, step));
                next = outer;
            }
        }
    };
    let mut text = root.unwrap_or_default().to_owned();
    for (outer, step) in steps.into_iter().rev() {
        match step {
            Step::Elem => text.push_str("[]"),
            Step::Key => text.push_str("[key]"),
            Step::Field(number) => {
                let ty = pairs.get(outer).map(|pair| writer.get(pair.writer));
                if let Some(Kind::Struct(fields)) = ty.map(|ty| &ty.kind)
                    && let Some(field) = fields.get(number)
                {
                    text.push('.');
                    text.push_str(field.name());
                }
            }
        }
    }
    text
}
