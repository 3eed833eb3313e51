//! [`ConsulTail`]: what changes in Consul.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::polled::differences;
use super::super::{BoxFuture, Cursor, Delta, Tail};
use super::agent::Head;
use super::{HEARTBEAT, Inner, Known, cursor};
use crate::error::Result;
use crate::key::Prefix;

/// What changes in Consul under a prefix. Consul answers with everything each
/// time, so that changes are what differs from the answer before.
pub(super) struct ConsulTail {
    inner: Arc<Inner>,
    prefix: Prefix,
    /// The last answer; `None` if the snapshot is no longer remembered.
    known: Option<Known>,
    ready: VecDeque<Delta>,
    cursor: Cursor,
    query: Option<BoxFuture<'static, Result<Known>>>,
    /// Not before then: each answer is everything.
    next_at: Instant,
}

/// Least time between two queries.
const PACE: Duration = Duration::from_millis(50);

impl ConsulTail {
    pub(super) fn new(inner: Arc<Inner>, prefix: &Prefix, after: Cursor) -> Self {
        let known = inner.known(prefix, after);
        Self {
            known,
            inner,
            prefix: prefix.clone(),
            ready: VecDeque::new(),
            cursor: after,
            query: None,
            next_at: Instant::now(),
        }
    }

    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            let Some(known) = &self.known else {
                return Ok(Delta::Gap);
            };
            if self.query.is_none() {
                sleep_until(self.next_at).await;
            }
            let query = self.query.get_or_insert_with(|| {
                let (inner, prefix) = (Arc::clone(&self.inner), self.prefix.clone());
                Box::pin(ask(inner, prefix, known.clone()))
            });
            let outcome = query.await;
            self.query = None;
            self.next_at = Instant::now() + PACE;
            let now = outcome?;
            // Data was lost, or a server that lags behind took over.
            if now.index < known.index {
                self.known = None;
                continue;
            }
            self.ready = differences(&known.records, &now.records);
            self.ready.push_back(Delta::Progress);
            self.cursor = cursor(now.index);
            self.known = Some(now);
        }
    }
}

/// What is there once something changed, or after a while.
async fn ask(inner: Arc<Inner>, prefix: Prefix, since: Known) -> Result<Known> {
    let Some(name) = prefix.service_name() else {
        // No query waits for all services.
        tokio::time::sleep(HEARTBEAT).await;
        return Ok(inner.look(&prefix).await?.0);
    };
    let head = Head {
        index: since.index,
        address: since.address,
    };
    let (head, listed) = inner.agent.list(name, Some(&head)).await?;
    // Nobody is left, or nobody may be seen any more.
    if listed.is_empty() && !since.records.is_empty() {
        inner.agent.may_read(Some(name)).await?;
    }
    let (records, _) = inner.records(name, &listed, &prefix);
    Ok(Known {
        index: head.index,
        records: Arc::new(records),
        address: head.address,
    })
}

impl Tail for ConsulTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}
