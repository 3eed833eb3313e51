//! Go's own bytes, minted by real Go (`tests/golden`), against their Rust twins.
//!
//! For a case without interfaces and marshalers the twin encodes to exactly Go's
//! bytes, and Go's bytes decode to the twin, on every path that the crate has
//! (see `check.rs`). For the others a local type that lacks those fields decodes
//! all the rest.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]
#![allow(clippy::vec_box, reason = "that is how Go's slices of pointers look")]

mod check;
mod containers;
mod many;
mod marshalers;
mod merge;
mod partial;
mod pointers;
mod recursive;
mod scalars;
mod sequences;
mod structs;
mod types;
mod wide;

use check::{Case, check, check_decoding};

/// Cases that a family of twins covers byte for byte.
fn twins() -> Vec<Case> {
    [
        scalars::cases(),
        structs::cases(),
        wide::cases(),
        containers::cases(),
        pointers::cases(),
        recursive::cases(),
        sequences::cases(),
        many::cases(),
        marshalers::cases(),
        merge::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn check_all(cases: &[Case]) {
    if check::directory().is_none() {
        return;
    }
    for case in cases {
        check(case);
    }
}

#[test]
fn scalars_are_gos() {
    check_all(&scalars::cases());
}

#[test]
fn structs_are_gos() {
    check_all(&structs::cases());
    check_all(&wide::cases());
}

#[test]
fn containers_are_gos() {
    check_all(&containers::cases());
}

#[test]
fn pointers_are_gos() {
    check_all(&pointers::cases());
}

#[test]
fn recursive_types_are_gos() {
    check_all(&recursive::cases());
}

#[test]
fn sequences_are_gos() {
    check_all(&sequences::cases());
}

#[test]
fn many_types_are_gos() {
    check_all(&many::cases());
}

#[test]
fn self_encoding_types_are_gos() {
    check_all(&marshalers::cases());
}

#[test]
fn merging_is_gos() {
    check_all(&merge::cases());
    if check::directory().is_some() {
        merge::check_merging();
    }
}

#[test]
fn what_the_local_type_lacks_is_skipped() {
    if check::directory().is_none() {
        return;
    }
    for case in partial::cases() {
        check_decoding(&case);
    }
}

/// A case that Go mints and nobody checks would prove nothing.
#[test]
fn every_golden_is_covered() {
    let Some(directory) = check::directory() else {
        return;
    };
    let manifest = std::fs::read_to_string(directory.join("MANIFEST")).unwrap();
    let mut covered: Vec<&str> = twins().iter().map(|case| case.name).collect();
    covered.extend(partial::cases().iter().map(|case| case.name));
    let missing: Vec<&str> = manifest
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next())
        // `tests/go_types` has the twins of these.
        .filter(|name| !covered.contains(name) && !name.starts_with("go_"))
        .collect();
    assert!(missing.is_empty(), "no twin: {missing:?}");
}
