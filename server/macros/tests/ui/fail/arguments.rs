use gobrpc_macros::service;
use gobrpc_protocol::{Context, Result, Streaming};

struct Item<'a>(&'a str);

#[service]
trait Arguments {
    async fn text(&self, text: &str) -> Result<()>;
    async fn bytes(&self, bytes: &[u8]) -> Result<()>;
    async fn number(&self, number: &u64) -> Result<()>;
    async fn inside(&self, texts: Vec<&str>) -> Result<()>;
    async fn lifetime(&self, item: Item<'_>) -> Result<()>;
    async fn reply(&self) -> Result<&str>;
    async fn any(&self, value: impl Into<String>) -> Result<()>;
    async fn own(&self, value: Self) -> Result<Vec<Self>>;
    async fn two(&self, a: i64, b: i64) -> Result<i64>;
    async fn three(&self, a: i64, cx: &Context, b: i64, c: i64) -> Result<i64>;
    async fn pattern(&self, (a, b): (i64, i64)) -> Result<i64>;
    async fn contexts(&self, a: &Context, b: &Context) -> Result<()>;
    async fn mutable(&self, cx: &mut Context) -> Result<()>;
    async fn attribute(&self, #[allow(unused)] a: i64) -> Result<()>;
    async fn stream_in(&self, events: Vec<Streaming<i64>>) -> Result<()>;
    async fn stream_out(&self) -> Result<(Streaming<i64>, bool)>;
    #[rpc(blocking)]
    fn stream_blocking(&self) -> Result<Streaming<i64>>;
}

fn main() {}
