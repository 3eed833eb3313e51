//! [`Faults`]: what fails of a registry that is several.

use gobrpc_registry::backend::PartFault;

use crate::printable::printable;

/// What fails of a registry that is several, and was told.
pub(super) struct Faults {
    url: String,
    told: Vec<String>,
}

impl Faults {
    /// None yet, of the registry there.
    pub(super) const fn new(url: String) -> Self {
        Self {
            url,
            told: Vec::new(),
        }
    }

    /// Tells those that are new, and when none is left.
    pub(super) fn tell(&mut self, now: &[PartFault]) {
        let now: Vec<String> = now.iter().map(ToString::to_string).collect();
        for fault in now.iter().filter(|fault| !self.told.contains(fault)) {
            eprintln!(
                "gobrpc: {}: {}; the others answer",
                self.url,
                printable(fault)
            );
        }
        if now.is_empty() && !self.told.is_empty() {
            eprintln!("gobrpc: {}: all of its registries answer", self.url);
        }
        self.told = now;
    }
}
