use std::rc::Rc;

use gobrpc_macros::service;
use gobrpc_protocol::{Context, Result};

#[service]
pub trait Arith {
    async fn argument(&self, number: i64) -> Result<i64>;
    async fn context(&self, cx: &Context) -> Result<()>;
    async fn reply(&self) -> Result<i64>;
    async fn not_async(&self) -> Result<i64>;
    async fn sendable(&self) -> Result<()>;
    #[rpc(blocking)]
    fn blocking(&self) -> Result<()>;
    async fn missing(&self) -> Result<()>;
}

struct Calc;

async fn pause() {}

impl Arith for Calc {
    async fn argument(&self, number: String) -> Result<i64> {
        Ok(number.len() as i64)
    }
    async fn context(&self) -> Result<()> {
        Ok(())
    }
    async fn reply(&self) -> Result<String> {
        Ok(String::new())
    }
    fn not_async(&self) -> Result<i64> {
        Ok(1)
    }
    async fn sendable(&self) -> Result<()> {
        let shared = Rc::new(1);
        pause().await;
        drop(shared);
        Ok(())
    }
    async fn blocking(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
