//! [`Waiting`]: who waits for a cancellation.

use std::collections::BTreeMap;
use std::task::Waker;

/// Wakers of those who wait, by tickets.
///
/// Most often it is one, the task that runs the handler: it needs no memory besides.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    one: Option<(u64, Waker)>,
    others: BTreeMap<u64, Waker>,
    last_ticket: u64,
}

impl Waiting {
    /// Remembers whom to wake for a ticket, which is given at the first time.
    pub(super) fn put(&mut self, ticket: &mut Option<u64>, waker: &Waker) {
        let ticket = *ticket.get_or_insert_with(|| {
            self.last_ticket += 1;
            self.last_ticket
        });
        match &mut self.one {
            Some((one, known)) if *one == ticket => known.clone_from(waker),
            None if !self.others.contains_key(&ticket) => self.one = Some((ticket, waker.clone())),
            _ => {
                let known = self.others.entry(ticket);
                known
                    .and_modify(|known| known.clone_from(waker))
                    .or_insert_with(|| waker.clone());
            }
        }
    }

    /// Forgets a ticket.
    pub(super) fn remove(&mut self, ticket: u64) {
        self.others.remove(&ticket);
        self.one.take_if(|(one, _)| *one == ticket);
    }

    /// Takes out all who wait.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        let one = self.one.take().map(|(_, waker)| waker);
        one.into_iter()
            .chain(std::mem::take(&mut self.others).into_values())
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.others.len()
    }
}
