//! What `#[derive(Gob)]` accepts, and what its errors say and point at.
//!
//! After a change, `TRYBUILD=overwrite cargo test --test ui` writes the errors
//! anew; read them.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
