//! [`Leases`]: what is registered, in each of several backends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::Inner;
use crate::backend::chain::together;
use crate::backend::{Backend, Claim, Lease, PartFault, Standing};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::patience::within;

/// What is registered, in each of several backends, by the tokens of the leases that
/// stand for all of theirs.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Arc<str>, Merged>>);

struct Merged {
    entry: ServiceEntry,
    ttl: Duration,
    /// Those of the backends; `None` where it is not registered now.
    parts: Vec<Option<Lease>>,
    /// What they fail with; `None` for one that takes it, or takes nothing at all.
    faults: Vec<Option<Error>>,
}

/// What is to be done in each of them.
#[derive(Clone, Copy)]
enum Work {
    Renew,
    Update,
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Merged>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part(&self, token: &str, index: usize) -> Option<Lease> {
        self.lock().get(token)?.parts.get(index)?.clone()
    }

    fn set(&self, token: &str, index: usize, lease: Option<Lease>) {
        if let Some(merged) = self.lock().get_mut(token) {
            if let Some(part) = merged.parts.get_mut(index) {
                *part = lease;
            }
        }
    }

    fn set_fault(&self, token: &str, index: usize, fault: Option<Error>) {
        if let Some(merged) = self.lock().get_mut(token) {
            if let Some(known) = merged.faults.get_mut(index) {
                *known = fault;
            }
        }
    }

    /// Those that fail.
    pub(super) fn faults(&self, token: &str) -> Vec<PartFault> {
        let all = self.lock();
        let Some(merged) = all.get(token) else {
            return Vec::new();
        };
        let faults = merged.faults.iter().enumerate();
        let faults = faults.filter_map(|(place, fault)| Some((place, fault.clone()?)));
        faults
            .map(|(place, error)| PartFault::new(place, error))
            .collect()
    }

    fn wanted(&self, token: &str) -> Option<(ServiceEntry, Duration)> {
        let all = self.lock();
        let merged = all.get(token)?;
        Some((merged.entry.clone(), merged.ttl))
    }
}

impl Inner {
    pub(super) async fn acquire(
        &self,
        entry: &ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> Result<Lease> {
        let mut parts: Vec<Option<Lease>> = Vec::with_capacity(self.backends.len());
        let mut faults: Vec<Option<Error>> = vec![None; self.backends.len()];
        let tries = self.backends.iter();
        let tries = tries.map(|one| within(ttl / 4, one.acquire(entry, ttl, claim)));
        let mut conflict = None;
        for (outcome, fault) in all(tries.collect()).await.into_iter().zip(&mut faults) {
            match outcome {
                Ok(lease) => {
                    parts.push(Some(lease));
                    continue;
                }
                Err(Error::Conflict { holder }) => conflict = Some(holder),
                Err(Error::Unsupported(_)) => {}
                Err(error) => *fault = Some(error),
            }
            parts.push(None);
        }
        if let Some(holder) = conflict {
            self.give_up(&parts).await;
            return Err(Error::Conflict { holder });
        }
        let granted = parts.iter().flatten().map(|lease| lease.ttl).min();
        let Some(granted) = granted else {
            let faults: Vec<Error> = faults.into_iter().flatten().collect();
            return Err(match faults.is_empty() {
                true => Error::Unsupported("any of the backends"),
                false => together(&faults),
            });
        };
        for error in faults.iter().flatten() {
            warn!(%error, addr = %entry.addr(), "one of the registries does not take an entry; it is tried again");
        }
        let token: Arc<str> = format!("{:032x}", fastrand::u128(..)).into();
        let merged = Merged {
            entry: entry.clone(),
            ttl,
            parts,
            faults,
        };
        self.leases.lock().insert(Arc::clone(&token), merged);
        Ok(Lease::new(Key::of(entry), token, granted))
    }

    async fn give_up(&self, parts: &[Option<Lease>]) {
        let parts = self.backends.iter().zip(parts);
        let releases = parts.filter_map(|(one, lease)| Some(one.release(lease.as_ref()?)));
        drop(all(releases.collect()).await);
    }

    pub(super) async fn renew(&self, lease: &Lease) -> Result<Standing> {
        self.each(&lease.token, Work::Renew).await
    }

    pub(super) async fn update(&self, lease: &Lease, entry: &ServiceEntry) -> Result<Standing> {
        if let Some(merged) = self.leases.lock().get_mut(&lease.token) {
            merged.entry = entry.clone();
        }
        self.each(&lease.token, Work::Update).await
    }

    /// Does something in each backend, and says how it stands in all of them: held if
    /// it is in one, and displaced if it is so in one.
    async fn each(&self, token: &str, work: Work) -> Result<Standing> {
        let Some((entry, ttl)) = self.leases.wanted(token) else {
            return Ok(Standing::Lost);
        };
        let mut faults = Vec::new();
        let works = self.backends.iter().enumerate();
        let works = works.map(|(index, one)| self.go_on(&**one, token, index, work, &entry));
        // One that does not answer must not keep the others from being renewed: the
        // engine waits for a third of the TTL.
        let works = works.map(|work| within(ttl / 8, work));
        let mut missing = Vec::new();
        for (index, outcome) in all(works.collect()).await.into_iter().enumerate() {
            match outcome {
                Ok(Standing::Held) => self.leases.set_fault(token, index, None),
                Ok(Standing::Displaced { holder }) => {
                    self.leases.lock().remove(token);
                    return Ok(Standing::Displaced { holder });
                }
                Ok(Standing::Lost) => missing.push(index),
                Err(error) => {
                    self.leases.set_fault(token, index, Some(error.clone()));
                    faults.push(error);
                }
            }
        }
        if missing.len() + faults.len() == self.backends.len() {
            return match faults.is_empty() {
                true => {
                    self.leases.lock().remove(token);
                    Ok(Standing::Lost)
                }
                false => Err(together(&faults)),
            };
        }
        // It stands in one of them: it is to stand in the others as well.
        let works = missing.iter();
        let works = works.filter_map(|&index| Some((index, self.backends.get(index)?)));
        let works = works.map(|(index, one)| {
            within(ttl / 8, self.begin_again(&**one, token, index, &entry, ttl))
        });
        let outcomes = all(works.collect()).await;
        for (&index, outcome) in missing.iter().zip(outcomes) {
            let fault = match outcome {
                Err(Error::Conflict { holder }) => {
                    self.leases.lock().remove(token);
                    return Ok(Standing::Displaced { holder });
                }
                Ok(()) | Err(Error::Unsupported(_)) => None,
                // It is tried again with the next renewal.
                Err(error) => Some(error),
            };
            self.leases.set_fault(token, index, fault);
        }
        Ok(Standing::Held)
    }

    /// Does it in one, where it stands.
    async fn go_on(
        &self,
        backend: &dyn Backend,
        token: &str,
        index: usize,
        work: Work,
        entry: &ServiceEntry,
    ) -> Result<Standing> {
        let Some(part) = self.leases.part(token, index) else {
            return Ok(Standing::Lost);
        };
        let standing = match work {
            Work::Renew => backend.renew(&part).await?,
            Work::Update => backend.update(&part, entry).await?,
        };
        if standing == Standing::Lost {
            self.leases.set(token, index, None);
        }
        Ok(standing)
    }

    /// Registers in one again, where it does not stand.
    async fn begin_again(
        &self,
        backend: &dyn Backend,
        token: &str,
        index: usize,
        entry: &ServiceEntry,
        ttl: Duration,
    ) -> Result<()> {
        let new = backend.acquire(entry, ttl, Claim::TakeOver).await?;
        self.leases.set(token, index, Some(new));
        Ok(())
    }

    pub(super) async fn release(&self, lease: &Lease) -> Result<()> {
        let Some(merged) = self.leases.lock().remove(&lease.token) else {
            return Ok(());
        };
        let parts = self.backends.iter().zip(&merged.parts);
        let releases = parts.filter_map(|(one, lease)| Some(one.release(lease.as_ref()?)));
        let faults: Vec<Error> = all(releases.collect())
            .await
            .into_iter()
            .filter_map(Result::err)
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => {
                // To be tried again.
                self.leases.lock().insert(Arc::clone(&lease.token), merged);
                Err(together(&faults))
            }
        }
    }
}

/// What all of them give, who go on at the same time.
pub(super) async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        match waiting {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(()),
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
