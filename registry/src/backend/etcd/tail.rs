//! [`EtcdTail`]: what changes in etcd.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use tokio::time::{Instant, sleep_until};

use super::super::http::Stream;
use super::super::{BoxFuture, Cursor, Delta, Tail};
use super::message::{Piece, WatchAnswer, read};
use super::{HEARTBEAT, Inner, cursor};
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// What changes in etcd under a prefix: a watch that ends with the first fault,
/// and a probe beside it, since a watch says nothing when its member is paused or
/// the way to it is cut.
pub(super) struct EtcdTail {
    inner: Arc<Inner>,
    stream: Stream,
    /// What has come and is not yet a whole line.
    line: BytesMut,
    /// Bytes of `line` that are known to hold no end of a line.
    searched: usize,
    ready: VecDeque<Delta>,
    cursor: Cursor,
    key: Vec<u8>,
    probe: Option<BoxFuture<'static, Result<()>>>,
    probe_at: Instant,
}

/// Longest line of a watch: etcd sends no more than 1.5 MiB of changes at once,
/// and a transaction of 128 of our longest entries is 8 MiB.
const MAX_LINE: usize = 16 << 20;

impl EtcdTail {
    pub(super) async fn open(inner: Arc<Inner>, prefix: &Prefix, after: Cursor) -> Result<Self> {
        let (from, to) = inner.range(prefix);
        let first = i64::try_from(after.revision).unwrap_or(i64::MAX - 1) + 1;
        let stream = inner.gateway.watch(&from, to.as_deref(), first).await?;
        Ok(Self {
            inner,
            stream,
            line: BytesMut::new(),
            searched: 0,
            ready: VecDeque::new(),
            cursor: after,
            key: from,
            probe: None,
            probe_at: Instant::now() + HEARTBEAT,
        })
    }

    /// The next change, which nothing is lost of if this is dropped.
    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            if self.take_line()? {
                continue;
            }
            let probing = self.probe.is_some();
            tokio::select! {
                piece = self.stream.next() => match piece? {
                    Some(piece) if self.line.len() + piece.len() <= MAX_LINE => {
                        self.line.extend_from_slice(&piece);
                    }
                    Some(_) => return Err(self.fault("a change that is too long")),
                    None => return Err(self.fault("the watch ended")),
                },
                probe = async { match &mut self.probe {
                    Some(probe) => probe.await,
                    None => std::future::pending().await,
                }}, if probing => {
                    self.probe = None;
                    self.probe_at = Instant::now() + HEARTBEAT;
                    probe?;
                    return Ok(Delta::Progress);
                }
                () = sleep_until(self.probe_at), if !probing => {
                    let (inner, key) = (Arc::clone(&self.inner), self.key.clone());
                    let member = self.stream.address.clone();
                    self.probe = Some(Box::pin(async move {
                        inner.gateway.probe(&member, &key).await
                    }));
                }
            }
        }
    }

    /// Takes in a line, if one is there.
    fn take_line(&mut self) -> Result<bool> {
        let rest = self.line.get(self.searched..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.searched = self.line.len();
            return Ok(false);
        };
        let line = self.line.split_to(self.searched + end);
        self.line.advance(1);
        self.searched = 0;
        if line.is_empty() {
            return Ok(true);
        }
        let piece: Piece<WatchAnswer> =
            read(&line).map_err(|error| self.fault(&format!("not an answer of etcd: {error}")))?;
        if let Some(fault) = piece.error {
            return Err(self.fault(fault.text()));
        }
        let Some(answer) = piece.result else {
            return Ok(true);
        };
        if answer.compact_revision != 0 {
            self.ready.push_back(Delta::Gap);
            return Ok(true);
        }
        if answer.canceled {
            return Err(self.fault(&format!("etcd ended the watch: {}", answer.cancel_reason)));
        }
        for event in &answer.events {
            let Some((name, value)) = self.inner.plain(&event.kv) else {
                continue;
            };
            // Keys of another form are counted by snapshots.
            let Ok(key) = name.parse::<Key>() else {
                continue;
            };
            self.ready.push_back(if event.is_delete() {
                Delta::Delete(key)
            } else {
                match self.inner.reader.read(&name, &value) {
                    Some(record) => Delta::Put(record),
                    None => Delta::Malformed(key),
                }
            });
        }
        let now = cursor(answer.header.revision);
        if self.cursor.is_before(&now) {
            self.cursor = now;
        }
        Ok(true)
    }

    fn fault(&self, what: &str) -> Error {
        Error::unavailable(format_args!("{}: {what}", self.stream.address))
    }
}

impl Tail for EtcdTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}
