//! See `gobrpc_fuzz::roundtrip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::roundtrip(bytes));
