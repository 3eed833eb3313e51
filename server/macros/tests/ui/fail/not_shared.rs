use std::cell::Cell;

use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service]
pub trait Counter {
    async fn next(&self) -> Result<i64>;
}

struct Unshared(Cell<i64>);

impl Counter for Unshared {
    async fn next(&self) -> Result<i64> {
        Ok(self.0.get())
    }
}

fn main() {}
