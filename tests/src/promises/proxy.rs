//! [`Proxy`]: a way to a registry, which counts and can fail.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// A way to a registry, which counts connections and can stop to carry bytes.
pub struct Proxy {
    address: String,
    open: watch::Sender<bool>,
    resets: watch::Sender<()>,
    delay: Arc<AtomicU64>,
    log: Arc<Mutex<Log>>,
    task: AbortHandle,
}

/// What came through, and when.
#[derive(Debug, Default, Clone)]
pub struct Log {
    /// Connections that were tried, whether the registry took them or not.
    pub connections: Vec<Instant>,
    /// Pieces that clients sent: about one for a request.
    pub requests: Vec<Instant>,
}

impl Proxy {
    /// A way to this address.
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (open, resets) = (watch::Sender::new(true), watch::Sender::new(()));
        let log = Arc::<Mutex<Log>>::default();
        let delay = Arc::<AtomicU64>::default();
        let task = tokio::spawn(accept(
            listener,
            target.to_owned(),
            (open.subscribe(), resets.subscribe()),
            Arc::clone(&delay),
            Arc::clone(&log),
        ));
        Self {
            address,
            open,
            resets,
            delay,
            log,
            task: task.abort_handle(),
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Carries nothing any more, and closes nothing; or goes on.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Closes all connections, and takes new ones.
    pub fn reset(&self) {
        self.resets.send_replace(());
    }

    /// From now on every piece of an answer waits so long.
    pub fn set_delay(&self, delay: Duration) {
        let delay = delay.as_millis() as u64;
        self.delay.store(delay, Ordering::Relaxed);
    }

    pub fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Log {
    /// How many of these were in each second from then on.
    pub fn by_second(times: &[Instant], from: Instant, seconds: usize) -> Vec<usize> {
        let mut counts = vec![0; seconds];
        for at in times {
            if let Some(since) = at.checked_duration_since(from) {
                if let Some(count) = counts.get_mut(since.as_secs() as usize) {
                    *count += 1;
                }
            }
        }
        counts
    }
}

async fn accept(
    listener: TcpListener,
    target: String,
    (open, resets): (watch::Receiver<bool>, watch::Receiver<()>),
    delay: Arc<AtomicU64>,
    log: Arc<Mutex<Log>>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        log.lock().unwrap().connections.push(Instant::now());
        let (target, mut open, log) = (target.clone(), open.clone(), Arc::clone(&log));
        let (delay, mut resets) = (Arc::clone(&delay), resets.clone());
        resets.mark_unchanged();
        tokio::spawn(async move {
            open.wait_for(|open| *open).await.ok()?;
            // As the registry itself would: refused.
            let server = TcpStream::connect(target).await.ok()?;
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            // The end of one direction is that of both, as for a reset.
            tokio::select! {
                _ = carry(&mut from_client, &mut to_server, open.clone(), Ok(&log)) => {}
                _ = carry(&mut from_server, &mut to_client, open.clone(), Err(&delay)) => {}
                _ = resets.changed() => {}
            }
            Some(())
        });
    }
}

async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut open: watch::Receiver<bool>,
    log_or_delay: Result<&Mutex<Log>, &AtomicU64>,
) -> io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        let size = from.read(&mut piece).await?;
        if open.wait_for(|open| *open).await.is_err() || size == 0 {
            return Ok(());
        }
        match log_or_delay {
            Ok(log) => log.lock().unwrap().requests.push(Instant::now()),
            Err(delay) => sleep(Duration::from_millis(delay.load(Ordering::Relaxed))).await,
        }
        to.write_all(&piece[..size]).await?;
    }
}
