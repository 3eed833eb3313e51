//! Bodies of the fuzz targets: each takes any bytes and panics only for a fault
//! of ours.
//!
//! `cargo fuzz run TARGET` (with `--features libfuzzer`) runs one; `cargo test`
//! replays all corpora and all goldens through every one of them, on stable.

mod chunked;
mod client_session;
mod preface;
mod server_session;
mod typed;

pub use chunked::chunked;
pub use client_session::client_session;
pub use preface::preface;
pub use server_session::server_session;
pub use typed::typed;

/// A target: it takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("typed", typed),
    ("chunked", chunked),
    ("server_session", server_session),
    ("client_session", client_session),
    ("preface", preface),
];
