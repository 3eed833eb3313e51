//! See `gobrpc_fuzz::client_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::client_session(bytes));
