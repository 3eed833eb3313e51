use std::sync::Arc;

use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service]
trait Receivers {
    async fn none() -> Result<()>;
    async fn none_but_argument(text: String) -> Result<()>;
    async fn mutable(&mut self) -> Result<()>;
    async fn value(self) -> Result<()>;
    async fn shared(self: Arc<Self>) -> Result<()>;
    async fn lifetime(&'static self) -> Result<()>;
}

fn main() {}
