//! No lint of a strict user fires in generated code.

#![deny(warnings, missing_docs, unreachable_pub, unused, nonstandard_style)]
#![deny(missing_debug_implementations, missing_copy_implementations)]
#![deny(elided_lifetimes_in_paths, unused_qualifications, unused_lifetimes)]
#![deny(single_use_lifetimes, trivial_casts, explicit_outlives_requirements)]
#![deny(
    async_fn_in_trait,
    refining_impl_trait,
    private_interfaces,
    private_bounds
)]
#![deny(let_underscore_drop, unused_results, variant_size_differences)]
#![forbid(unsafe_code)]

use gobrpc_macros::service;
use gobrpc_protocol::{Context, Result};

/// For all.
#[service]
pub trait Public {
    /// Says so.
    async fn documented(&self, text: String) -> Result<String>;
    /// Says nothing.
    async fn silent(&self, cx: &Context) -> Result<()>;
    /// Blocks.
    #[rpc(blocking)]
    fn blocks(&self, cx: &Context, text: String) -> Result<()>;
    /// Is old.
    #[deprecated]
    async fn old(&self) -> Result<()>;
    /// Has a default.
    async fn default(&self, number: u64) -> Result<u64> {
        Ok(number)
    }
}

struct Quiet;

impl Public for Quiet {
    async fn documented(&self, text: String) -> Result<String> {
        Ok(text)
    }
    async fn silent(&self, _cx: &Context) -> Result<()> {
        Ok(())
    }
    fn blocks(&self, _: &Context, _: String) -> Result<()> {
        Ok(())
    }
    async fn old(&self) -> Result<()> {
        Ok(())
    }
}

// Neither served nor called: the other half is in another crate.
#[service(name = "Other")]
trait Private {
    async fn undocumented(&self) -> Result<()>;
}

mod inner {
    use super::{Result, service};

    #[service]
    pub(super) trait Restricted {
        async fn undocumented(&self) -> Result<()>;
    }

    #[service]
    #[deprecated]
    pub(crate) trait Old {
        async fn undocumented(&self) -> Result<()>;
    }
}

fn main() {
    let _server = PublicServer::new(Quiet);
    let _name = inner::RESTRICTED.name;
}
