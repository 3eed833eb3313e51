//! Bodies of the fuzz targets: each takes any bytes and panics only for a fault
//! of ours.
//!
//! `tests/fuzz.sh` runs them under libFuzzer, one by one; `cargo test` replays all
//! corpora, all inputs that once broke a target, and all goldens through every one
//! of them, on stable.

mod chunked;
mod client_session;
mod dump;
mod go_types;
mod made;
mod preface;
mod readers;
mod recode;
mod roundtrip;
mod serde;
mod server_session;
mod skip;
mod structured;
mod typed;
mod value;

pub use chunked::chunked;
pub use client_session::client_session;
pub use dump::dump;
pub use go_types::go_types;
pub use made::{Made, Source, Style};
pub use preface::preface;
pub use recode::recode;
pub use roundtrip::roundtrip;
pub use serde::serde;
pub use server_session::server_session;
pub use skip::skip;
pub use structured::structured;
pub use typed::typed;
pub use value::value;

/// A target: it takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 13] = [
    ("value", value),
    ("typed", typed),
    ("skip", skip),
    ("roundtrip", roundtrip),
    ("structured", structured),
    ("chunked", chunked),
    ("dump", dump),
    ("recode", recode),
    ("go_types", go_types),
    ("serde", serde),
    ("server_session", server_session),
    ("client_session", client_session),
    ("preface", preface),
];
