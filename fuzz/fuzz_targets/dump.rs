//! See `gobrpc_fuzz::dump`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::dump(bytes));
