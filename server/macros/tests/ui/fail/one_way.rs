use gobrpc_macros::service;
use gobrpc_protocol::{Result, Streaming};

#[service]
trait Notes {
    #[rpc(one_way)]
    async fn count(&self, text: String) -> Result<u64>;
    #[rpc(one_way)]
    async fn watch(&self, text: String) -> Result<Streaming<()>>;
    #[rpc(one_way)]
    async fn all(&self, texts: Streaming<String>) -> Result<()>;
    #[rpc(one_way, one_way)]
    async fn twice(&self, text: String) -> Result<()>;
}

fn main() {}
