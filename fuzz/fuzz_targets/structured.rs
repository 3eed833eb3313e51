//! See `gobrpc_fuzz::structured`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::structured(bytes));
