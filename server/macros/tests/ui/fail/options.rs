use gobrpc_macros::service;
use gobrpc_protocol::Result;

#[service(nom = "A", name = "_goRPC_Arith", name = 3)]
trait Service {
    async fn f(&self) -> Result<()>;
}

#[service(name = "")]
trait Nameless {
    async fn f(&self) -> Result<()>;
}

#[service]
trait _goRPC_ {
    async fn f(&self) -> Result<()>;
}

#[service]
trait Methods {
    #[rpc]
    async fn a(&self) -> Result<()>;
    #[rpc(idempotnt, blocking = true)]
    fn b(&self) -> Result<()>;
    #[rpc(idempotent, idempotent)]
    async fn c(&self) -> Result<()>;
    #[rpc(name = C)]
    async fn d(&self) -> Result<()>;
    #[rpc(name = "A")]
    async fn collides(&self) -> Result<()>;
    async fn get_item(&self) -> Result<()>;
    #[allow(non_snake_case)]
    async fn GetItem(&self) -> Result<()>;
    #[rpc(name = "a.b")]
    async fn dot(&self) -> Result<()>;
    async fn __(&self) -> Result<()>;
    #[rpc(reply = bool)]
    async fn replies(&self) -> Result<i64>;
}

fn main() {}
