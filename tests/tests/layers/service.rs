//! The service that the layers of these tests stand around.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_server::{Context, Error, Result, Running, Server, Streaming, service};

/// Does what layers have to see.
#[service]
pub(crate) trait Work {
    /// The number, doubled; negative ones fail.
    async fn double(&self, cx: &Context, number: i64) -> Result<i64>;
    /// The numbers from 1 to `to`, then an error if it is odd.
    async fn count(&self, cx: &Context, to: u64) -> Result<Streaming<u64>>;
    /// Doubles what comes, as it comes.
    async fn doubles(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>>;
    /// The sum of what comes.
    async fn sum(&self, numbers: Streaming<i64>) -> Result<i64>;
    /// Never ends by itself.
    async fn hang(&self) -> Result<()>;
    /// Gives an item, then never ends by itself.
    async fn trickle(&self) -> Result<Streaming<u64>>;
    /// Panics before it waits, or after.
    async fn panic(&self, later: bool) -> Result<i64>;
    /// Keeps a thread busy.
    ///
    /// # Errors
    ///
    /// Never.
    #[rpc(blocking)]
    fn busy(&self, panic: bool) -> Result<u64>;
    /// What layers have said of the caller.
    async fn said(&self, cx: &Context) -> Result<String>;
}

/// What happened, in its order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn push(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|it| it == text)
    }

    /// Notes when it is dropped.
    pub(crate) fn guard(&self, text: &'static str) -> Guard {
        Guard(self.clone(), text)
    }
}

pub(crate) struct Guard(Log, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push(self.1);
    }
}

/// What a layer tells the handler.
pub(crate) struct Said(pub(crate) String);

#[derive(Clone, Default)]
pub(crate) struct Worker {
    pub(crate) log: Log,
}

impl Work for Worker {
    async fn double(&self, cx: &Context, number: i64) -> Result<i64> {
        self.log.push("handler");
        cx.reply_metadata("handler", "was here");
        if number < 0 {
            return Err(Error::out_of_range("negative"));
        }
        Ok(2 * number)
    }

    async fn count(&self, cx: &Context, to: u64) -> Result<Streaming<u64>> {
        cx.reply_metadata("handler", "was here");
        let numbers = (1..=to).map(Ok);
        let end = (to % 2 == 1).then(|| Err(Error::out_of_range("odd")));
        Ok(Streaming::from_stream(futures::stream::iter(
            numbers.chain(end),
        )))
    }

    async fn doubles(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>> {
        use futures::StreamExt;
        Ok(Streaming::from_stream(
            numbers.map(|number| Ok(2 * number?)),
        ))
    }

    async fn sum(&self, mut numbers: Streaming<i64>) -> Result<i64> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn hang(&self) -> Result<()> {
        let _guard = self.log.guard("handler dropped");
        self.log.push("handler");
        std::future::pending().await
    }

    async fn trickle(&self) -> Result<Streaming<u64>> {
        use futures::StreamExt;
        let guard = self.log.guard("handler dropped");
        let rest = futures::stream::pending().map(move |number: u64| {
            let _ = &guard;
            Ok(number)
        });
        Ok(Streaming::from_stream(
            futures::stream::iter([Ok(1)]).chain(rest),
        ))
    }

    async fn panic(&self, later: bool) -> Result<i64> {
        if later {
            tokio::task::yield_now().await;
        }
        panic!("as asked");
    }

    fn busy(&self, panic: bool) -> Result<u64> {
        assert!(!panic, "as asked");
        Ok(7)
    }

    async fn said(&self, cx: &Context) -> Result<String> {
        let said = cx.extensions().get::<Said>();
        let tenant = cx.metadata().get_str("tenant").unwrap_or("nobody");
        Ok(format!(
            "{} for {tenant}",
            said.map_or("nothing", |it| &it.0)
        ))
    }
}

/// Starts the service behind a server's layers, and a client of it.
pub(crate) async fn start(server: Server, log: &Log) -> (Running, WorkClient<Client>) {
    let worker = Worker { log: log.clone() };
    let running = server
        .register(WorkServer::new(worker))
        .unwrap()
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let client = WorkClient::new(Client::connect(running.address()));
    (running, client)
}

/// All that comes out of a stream.
pub(crate) async fn collect<T>(mut stream: Streaming<T>) -> (Vec<T>, Option<Error>, Streaming<T>)
where
    T: Send + 'static,
{
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => return (items, Some(error), stream),
        }
    }
    (items, None, stream)
}

/// Nothing here takes that long.
pub(crate) const LONG: Duration = Duration::from_secs(60);
