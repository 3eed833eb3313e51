//! [`Settings`]: what connections are secured by, which may change.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use gobrpc_protocol::{Error, Result};

/// What connections are secured by, which may change: a configuration `C` of
/// rustls, and the builder `B` that it came from.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_tls::Settings;
///
/// let settings = Settings::new("of old files", Arc::new(1));
/// let before = settings.config();
/// settings.replace("of new files", Arc::new(2));
/// // What uses the old one goes on with it.
/// assert_eq!((*before, *settings.config()), (1, 2));
/// assert_eq!(settings.builder()?, "of new files");
/// # Ok::<(), gobrpc_protocol::Error>(())
/// ```
#[derive(Debug)]
pub struct Settings<B, C>(RwLock<State<B, C>>);

#[derive(Debug)]
struct State<B, C> {
    /// None if the configuration was given as a whole.
    builder: Option<B>,
    config: Arc<C>,
}

impl<B: Clone, C> Settings<B, C> {
    /// The configuration that this builder has built.
    pub const fn new(builder: B, config: Arc<C>) -> Self {
        Self::with(Some(builder), config)
    }

    /// A configuration that was given as a whole.
    pub const fn given(config: Arc<C>) -> Self {
        Self::with(None, config)
    }

    const fn with(builder: Option<B>, config: Arc<C>) -> Self {
        Self(RwLock::new(State { builder, config }))
    }

    /// What holds for a connection that begins now.
    pub fn config(&self) -> Arc<C> {
        Arc::clone(&self.state().config)
    }

    /// What to build again when its files have changed.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` if there is none.
    pub fn builder(&self) -> Result<B> {
        self.state().builder.clone().ok_or_else(|| {
            Error::failed_precondition(
                "this TLS configuration was given as a whole: use replace_rustls",
            )
        })
    }

    /// Uses what this builder has built, from now on.
    pub fn replace(&self, builder: B, config: Arc<C>) {
        self.set(Some(builder), config);
    }

    /// Uses this configuration from now on, until the builder builds again.
    pub fn replace_config(&self, config: Arc<C>) {
        self.set(None, config);
    }

    fn set(&self, builder: Option<B>, config: Arc<C>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.config = config;
        state.builder = builder.or_else(|| state.builder.take());
    }

    fn state(&self) -> RwLockReadGuard<'_, State<B, C>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
