//! See `gobrpc_fuzz::typed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::typed(bytes));
