//! [`RpcTail`]: what changes in the registry of another process.

use std::collections::VecDeque;
use std::sync::Arc;

use super::remote::{HEARTBEAT, Inner};
use super::wire::{Changes, Scope, WatchArgs, cursor};
use crate::backend::{BoxFuture, Cursor, Delta, Tail};
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::key::{Key, Prefix};

/// What changes in the registry of another process: net/rpc has no streams, so
/// that each question waits for a while until there is something to answer, as
/// Consul's blocking queries do.
pub(super) struct RpcTail {
    inner: Arc<Inner>,
    scope: Scope,
    ready: VecDeque<Delta>,
    cursor: Cursor,
    /// The question that is under way: an answer that nobody waited for is not
    /// lost.
    asked: Option<BoxFuture<'static, Result<Changes>>>,
}

impl RpcTail {
    pub(super) fn new(inner: Arc<Inner>, prefix: &Prefix, after: Cursor) -> Self {
        Self {
            inner,
            scope: Scope::of(prefix),
            ready: VecDeque::new(),
            cursor: after,
            asked: None,
        }
    }

    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            let asked = self.asked.get_or_insert_with(|| {
                let inner = Arc::clone(&self.inner);
                let args = WatchArgs {
                    scope: self.scope.clone(),
                    epoch: self.cursor.epoch,
                    revision: self.cursor.revision,
                    wait_millis: HEARTBEAT.as_millis() as u64,
                };
                Box::pin(async move {
                    let answer = inner.client().watch(args).await;
                    answer.map_err(|error| inner.fault(&error))
                })
            });
            let answer = asked.await;
            self.asked = None;
            self.take(answer?);
        }
    }

    fn take(&mut self, answer: Changes) {
        for change in answer.changes {
            let delta = if change.deleted {
                let gone = change.entry;
                match ServiceEntry::new(gone.name, gone.version, gone.addr) {
                    Ok(entry) => Delta::Delete(Key::of(&entry)),
                    // What was no entry is not known here.
                    Err(_) => continue,
                }
            } else {
                match self.inner.record(change.entry) {
                    Some(record) => Delta::Put(record),
                    None => continue,
                }
            };
            self.ready.push_back(delta);
        }
        self.ready.push_back(match answer.gap {
            true => Delta::Gap,
            false => Delta::Progress,
        });
        self.cursor = cursor(answer.epoch, answer.revision);
    }
}

impl Tail for RpcTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}
