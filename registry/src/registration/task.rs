//! [`Task`]: what keeps an entry registered.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info, warn};

use super::{RegistrationState, RegistrationStatus, Wanted};
use crate::backend::{Backend, Lease, Standing};
use crate::entry::{ServiceEntry, State};
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};
use crate::lease::{Keeper, Step, other_holder};
use crate::patience::{Patience, within};

/// The task that keeps an entry registered.
pub(super) struct Task {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) wants: watch::Receiver<Wanted>,
    pub(super) publish: watch::Sender<RegistrationStatus>,
    pub(super) keeper: Keeper,
    pub(super) ttl: Duration,
    pub(super) patience: Patience,
    pub(super) lease: Option<Lease>,
    /// The state that another process asked for.
    pub(super) ordered: Option<State>,
}

impl Task {
    pub(super) async fn run(mut self) {
        let mut seen = 1;
        loop {
            let (stop, revision) = {
                let wanted = self.wants.borrow_and_update();
                (wanted.stop, wanted.revision)
            };
            if stop {
                break;
            }
            let now = Instant::now();
            if revision != seen {
                seen = revision;
                self.keeper.changed(now);
            }
            let (at, step) = self.keeper.next(now);
            if at > now {
                tokio::select! {
                    // Its end is a stop, too.
                    changed = self.wants.changed() => if changed.is_err() { break },
                    () = sleep_until(at) => {}
                }
                continue;
            }
            if !self.keeper.is_held() {
                self.stands(self.unheld_state());
            }
            let result = self.perform(step).await;
            self.patience.learn(now.elapsed());
            self.tell_faults();
            if let Err(error) = result {
                debug!(%error, ?step, "a step of a registration failed");
                self.keeper.failed(step, Instant::now());
                if step == Step::Renew {
                    self.publish
                        .send_modify(|status| status.renew_failures += 1);
                }
                self.went_wrong(error);
            }
        }
        let result = self.release().await;
        self.publish.send_modify(|status| {
            status.state = RegistrationState::Deregistered;
            status.last_error = result.err();
        });
    }

    async fn perform(&mut self, step: Step) -> Result<()> {
        let (entry, revision) = self.wanted();
        let backend = Arc::clone(&self.backend);
        let sent = Instant::now();
        let standing = match (step, &self.lease) {
            (Step::Acquire(claim), _) => {
                let lease = self.call(backend.acquire(&entry, self.ttl, claim)).await?;
                self.keeper.acquired(sent, Instant::now(), lease.ttl);
                self.lease = Some(lease);
                self.acquired(&entry, revision);
                return Ok(());
            }
            // The keeper holds only what there is a lease for.
            (_, None) => Standing::Lost,
            (Step::Renew, Some(lease)) => self.call(backend.renew(lease)).await?,
            (Step::Update, Some(lease)) => self.call(backend.update(lease, &entry)).await?,
            (Step::Verify, Some(lease)) => {
                let prefix = Prefix::key(lease.key.clone());
                let found = self.call(backend.snapshot(&prefix)).await?;
                match found.records.first() {
                    None => Standing::Lost,
                    Some(found) => other_holder(found.entry.id(), entry.id())
                        .map_or(Standing::Held, |holder| Standing::Displaced { holder }),
                }
            }
        };
        let now = Instant::now();
        match standing {
            Standing::Held => {
                match step {
                    Step::Renew => self.keeper.renewed(sent, now),
                    Step::Verify => self.keeper.verified(now),
                    _ => {
                        self.keeper.updated();
                        self.publish.send_modify(|status| status.applied = revision);
                    }
                }
                self.stands(RegistrationState::Registered);
            }
            Standing::Lost | Standing::Displaced { .. } if self.is_order(&entry).await => {
                self.keeper.lost(now);
            }
            Standing::Lost => {
                warn!(addr = %entry.addr(), service = entry.name(), "the lease is lost; registering again");
                self.keeper.lost(now);
                self.stands(RegistrationState::Retrying);
            }
            Standing::Displaced { holder } => {
                warn!(addr = %entry.addr(), service = entry.name(), %holder, "another instance took the address over");
                self.keeper.displaced(now);
                self.went_wrong(Error::Conflict { holder });
            }
        }
        Ok(())
    }

    /// The entry as it shall be now, and its revision. Draining wins, whoever wants it.
    fn wanted(&self) -> (Arc<ServiceEntry>, u64) {
        let wanted = self.wants.borrow();
        let entry = match self.ordered {
            Some(state) if wanted.entry.state == State::Serving && state != State::Serving => {
                let mut entry = (*wanted.entry).clone();
                entry.state = state;
                Arc::new(entry)
            }
            _ => Arc::clone(&wanted.entry),
        };
        (entry, wanted.revision)
    }

    /// Whether the lease went because another process gave the same instance another
    /// state, as `gobrpc registry drain` does: it shall stay in that.
    async fn is_order(&mut self, entry: &ServiceEntry) -> bool {
        let prefix = Prefix::key(Key::of(entry));
        // Without an answer soon it is as if nobody had asked for anything: to be
        // registered again matters more.
        let limit = self.patience.limit().min(Duration::from_secs(1));
        let Ok(found) = within(limit, self.backend.snapshot(&prefix)).await else {
            return false;
        };
        let found = found.records.first().map(|record| &record.entry);
        let Some(found) = found.filter(|found| found.id() == entry.id()) else {
            return false;
        };
        info!(addr = %entry.addr(), service = entry.name(), state = ?found.state, "another process asked for this state");
        let state = found.state;
        self.ordered = Some(state);
        self.publish
            .send_modify(|status| status.ordered = Some(state));
        true
    }

    /// A step that takes so long that there is no time for another has failed; unless
    /// the one before has, too, as then it seems that all take longer.
    async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        within(self.patience.limit(), work).await
    }

    fn acquired(&self, entry: &ServiceEntry, revision: u64) {
        info!(addr = %entry.addr(), service = entry.name(), "registered");
        self.publish.send_modify(|status| {
            status.acquisitions += 1;
            status.applied = revision;
            status.state = RegistrationState::Registered;
            status.last_error = None;
        });
    }

    fn unheld_state(&self) -> RegistrationState {
        if self.keeper.in_conflict() {
            return RegistrationState::Conflict;
        }
        match self.publish.borrow().acquisitions {
            0 => RegistrationState::Pending,
            _ => RegistrationState::Retrying,
        }
    }

    /// Says in which of several backends the entry is not.
    fn tell_faults(&self) {
        let lease = self.lease.as_ref().filter(|_| self.keeper.is_held());
        let faults = lease.map(|lease| self.backend.lease_faults(lease));
        let faults = faults.unwrap_or_default();
        self.publish.send_if_modified(|status| {
            let changed = !(faults.is_empty() && status.faults.is_empty());
            status.faults = faults;
            changed
        });
    }

    /// Says how it stands, to those who do not know yet.
    fn stands(&self, state: RegistrationState) {
        self.publish.send_if_modified(|status| {
            let recovered = state == RegistrationState::Registered && status.last_error.is_some();
            if status.state == state && !recovered {
                return false;
            }
            status.state = state;
            if recovered {
                status.last_error = None;
            }
            true
        });
    }

    fn went_wrong(&self, error: Error) {
        let state = match self.keeper.is_held() {
            true => RegistrationState::Registered,
            false => self.unheld_state(),
        };
        self.publish.send_modify(|status| {
            status.state = state;
            status.last_error = Some(error);
        });
    }

    /// Takes the entry away: until the lease is over anyway, but at least once.
    async fn release(&mut self) -> Result<()> {
        let Some(lease) = self.lease.take() else {
            return Ok(());
        };
        let over = self.keeper.deadline().unwrap_or_else(Instant::now);
        let pause = (self.ttl / 30).max(Duration::from_millis(20));
        loop {
            match self.call(self.backend.release(&lease)).await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() + pause >= over => return Err(error),
                Err(error) => debug!(%error, "deregistering failed; trying again"),
            }
            sleep(pause).await;
        }
    }
}
