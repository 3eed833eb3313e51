use gobrpc_macros::service;

#[service]
struct Arith;

#[service]
impl Arith {}

fn main() {}
