use std::future::Future;

use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service]
trait Signatures {
    fn not_async(&self) -> Result<()>;
    #[rpc(blocking)]
    async fn both(&self) -> Result<()>;
    async fn nothing(&self);
    async fn no_result(&self) -> i64;
    async fn tuple(&self) -> (i64, i64);
    async fn bare(&self) -> Result;
    fn future(&self) -> impl Future<Output = Result<()>> + Send;
    async fn generic<T>(&self, value: T) -> Result<()>;
    async fn clause(&self) -> Result<()>
    where
        Self: Sized;
    async unsafe fn not_safe(&self) -> Result<()>;
    #[rpc(blocking)]
    extern "C" fn foreign(&self) -> Result<()>;
    #[cfg(unix)]
    async fn sometimes(&self) -> Result<()>;
}

fn main() {}
