use gobrpc_macros::service;
use gobrpc_protocol::Result;

pub struct Plain;

#[service]
pub trait Arith {
    async fn argument(&self, plain: Plain) -> Result<i64>;
}

#[service]
pub trait Other {
    async fn reply(&self) -> Result<Vec<Plain>>;
}

fn main() {}
