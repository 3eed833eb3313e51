//! See `gobrpc_fuzz::serde`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::serde(bytes));
