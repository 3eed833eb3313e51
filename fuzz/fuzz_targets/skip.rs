//! See `gobrpc_fuzz::skip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::skip(bytes));
