//! See `gobrpc_fuzz::server_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::server_session(bytes));
