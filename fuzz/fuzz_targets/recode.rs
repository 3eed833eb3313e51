//! See `gobrpc_fuzz::recode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::recode(bytes));
