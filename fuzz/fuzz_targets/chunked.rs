//! See `gobrpc_fuzz::chunked`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::chunked(bytes));
