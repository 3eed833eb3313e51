use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service]
pub trait Arith {
    async fn f(&self) -> Result<()>;
}

struct NoService;

fn main() {
    let _ = ArithClient::new("tcp://127.0.0.1:1234");
    let _ = ArithServer::new(NoService);
}
