//! [`Sought`]: what a command looks at, and where.

use std::time::Duration;

use clap::Args;
use gobrpc_registry::Prefix;
use gobrpc_registry::backend::Snapshot;

use super::access::{Opened, Place};
use crate::duration;
use crate::exit::Failure;

/// What a command looks at, and where.
#[derive(Debug, Args)]
pub(super) struct Sought {
    /// The service; none is all of them
    #[arg(value_name = "SERVICE")]
    pub(super) service: Option<String>,
    /// How long the first answer may take, such as 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    timeout: Duration,
    #[command(flatten)]
    place: Place,
}

impl Sought {
    /// The registry, and what is there now: one that cannot be reached is told at once.
    pub(super) async fn look(&self) -> Result<(Opened, Snapshot), Failure> {
        let opened = self.place.open()?;
        let snapshot = opened.snapshot(&self.prefix(), self.timeout).await?;
        Ok((opened, snapshot))
    }

    /// What is looked at.
    pub(super) fn prefix(&self) -> Prefix {
        match &self.service {
            Some(service) => Prefix::service(service),
            None => Prefix::all(),
        }
    }
}
