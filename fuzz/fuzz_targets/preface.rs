//! See `gobrpc_fuzz::preface`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobrpc_fuzz::preface(bytes));
