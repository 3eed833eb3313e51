use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service]
unsafe trait Unsafe {
    async fn f(&self) -> Result<()>;
}

#[service]
trait Generic<T> {
    async fn f(&self, value: T) -> Result<()>;
}

#[service]
trait Where
where
    Self: Sized,
{
    async fn f(&self) -> Result<()>;
}

#[service]
trait Super: Send + Clone + std::fmt::Debug {
    async fn f(&self) -> Result<()>;
}

#[service]
trait Members {
    type Item;
    const LIMIT: u64;
    async fn f(&self) -> Result<()>;
}

#[service]
trait Empty {}

fn main() {}
