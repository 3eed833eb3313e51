//! What backends share in which nothing can be registered.

/// The methods of [`Backend`](super::Backend) that register, each of which says that
/// this is for looking only.
macro_rules! looking_only {
    ($what:literal) => {
        fn acquire<'a>(
            &'a self,
            _: &'a $crate::ServiceEntry,
            _: std::time::Duration,
            _: $crate::backend::Claim,
        ) -> $crate::backend::BoxFuture<'a, $crate::error::Result<$crate::backend::Lease>> {
            Box::pin(async { Err($crate::error::Error::Unsupported($what)) })
        }

        fn renew<'a>(
            &'a self,
            _: &'a $crate::backend::Lease,
        ) -> $crate::backend::BoxFuture<'a, $crate::error::Result<$crate::backend::Standing>> {
            Box::pin(async { Err($crate::error::Error::Unsupported($what)) })
        }

        fn update<'a>(
            &'a self,
            _: &'a $crate::backend::Lease,
            _: &'a $crate::ServiceEntry,
        ) -> $crate::backend::BoxFuture<'a, $crate::error::Result<$crate::backend::Standing>> {
            Box::pin(async { Err($crate::error::Error::Unsupported($what)) })
        }

        fn release<'a>(
            &'a self,
            _: &'a $crate::backend::Lease,
        ) -> $crate::backend::BoxFuture<'a, $crate::error::Result<()>> {
            Box::pin(async { Err($crate::error::Error::Unsupported($what)) })
        }
    };
}

pub(super) use looking_only;
