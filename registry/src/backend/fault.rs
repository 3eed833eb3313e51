//! [`PartFault`]: one of several backends that fails.

use std::fmt;

use crate::error::Error;

/// One of several backends that fails, while another one answers for all of them.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Backend, File, Memory, Merge, Registry, Selector};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> gobrpc_registry::Result<()> {
/// let new: Arc<dyn Backend> = Arc::new(Memory::new());
/// let old: Arc<dyn Backend> = Arc::new(File::new("/no/such/file.json"));
/// let registry = Registry::new(Arc::new(Merge::new([new, old])));
///
/// let watch = registry.watch("user")?;
/// registry.get("user", &Selector::new()).await?;
/// let faults = watch.health().faults;
/// assert_eq!(faults[0].place, 1);
/// assert!(faults[0].to_string().contains("/no/such/file.json"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PartFault {
    /// Which of them, in the order in which they were given, from 0 on.
    pub place: usize,
    /// What it fails with.
    pub error: Error,
}

impl PartFault {
    /// That the backend in this place fails.
    #[must_use]
    pub const fn new(place: usize, error: Error) -> Self {
        Self { place, error }
    }
}

impl fmt::Display for PartFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "registry {}: {}", self.place + 1, self.error)
    }
}
