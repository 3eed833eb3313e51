//! See `gobrpc_fuzz::go_types`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::go_types(bytes));
