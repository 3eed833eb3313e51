//! [`Faults`]: what fails of a registry that is several.

use gobrpc_registry::backend::PartFault;

use super::access::Opened;
use crate::printable::printable;

/// What fails of a registry that is several, and was told.
pub(super) struct Faults<'a> {
    registry: &'a Opened,
    told: Vec<String>,
}

impl<'a> Faults<'a> {
    /// None yet, or those that were told as it was asked first.
    pub(super) fn new(registry: &'a Opened, told: &[PartFault]) -> Self {
        let told = told.iter().map(|fault| registry.explain_fault(fault));
        Self {
            registry,
            told: told.collect(),
        }
    }

    /// Tells those that are new, and when none is left.
    pub(super) fn tell(&mut self, now: &[PartFault]) {
        let now = now.iter().map(|fault| self.registry.explain_fault(fault));
        let now: Vec<String> = now.collect();
        for fault in now.iter().filter(|fault| !self.told.contains(fault)) {
            eprintln!("gobrpc: {}", printable(fault));
        }
        if now.is_empty() && !self.told.is_empty() {
            eprintln!("gobrpc: {}: all of them answer", self.registry.url());
        }
        self.told = now;
    }
}
