//! [`Sessions`]: how sessions with ZooKeeper are begun.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use zookeeper_client::{Client, Error as ZkError, SessionState};

use crate::address::Address;
use crate::error::{Error, Result};

/// How sessions with ZooKeeper are begun, and the one that is shared by all that
/// only read.
pub(super) struct Sessions {
    /// All addresses, with commas between them.
    cluster: String,
    digest: Option<(String, String)>,
    shared: Mutex<Option<Client>>,
}

/// The timeout of the session that is shared.
const SHARED: Duration = Duration::from_secs(10);

/// How soon a session goes on that lost its connection, if there is a server.
const RESUMES: Duration = Duration::from_secs(1);

impl Sessions {
    pub(super) fn new(addresses: &[Address], digest: Option<(String, String)>) -> Self {
        let addresses: Vec<&str> = addresses.iter().map(Address::as_str).collect();
        Self {
            cluster: addresses.join(","),
            digest,
            shared: Mutex::new(None),
        }
    }

    pub(super) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// A session of its own, which ends with the last copy.
    pub(super) async fn open(&self, timeout: Duration) -> Result<Client> {
        // A server that takes connections and says nothing must leave time for
        // another one; and one that answers late, by a second and a bit of a busy
        // machine with a timeout of 5 s, is not to be left for it.
        let silence = (timeout / 3).clamp(Duration::from_millis(500), Duration::from_millis(2500));
        let mut connector = Client::connector()
            .with_session_timeout(timeout)
            .with_connection_timeout(silence)
            .with_fail_eagerly();
        if let Some((user, password)) = &self.digest {
            connector = connector.with_auth("digest", format!("{user}:{password}").as_bytes());
        }
        let client = connector.connect(&self.cluster).await;
        client.map_err(|error| self.fault("a session", &error))
    }

    /// The session that is shared; a new one if that is not connected. An expired one
    /// never comes back, and one that looks for a server does so in longer and longer
    /// pauses of its own, which those of the engine would come on top of.
    pub(super) async fn shared(&self) -> Result<Client> {
        let mut shared = self.shared.lock().await;
        if let Some(client) = &*shared {
            if self.connected(client).is_ok() {
                return Ok(client.clone());
            }
        }
        let client = self.open(SHARED).await?;
        *shared = Some(client.clone());
        Ok(client)
    }

    /// # Errors
    ///
    /// `Unavailable` if no server has it now: what is asked then would wait, and be
    /// done when nobody wants it any more.
    pub(super) fn connected(&self, client: &Client) -> Result<()> {
        match client.state() {
            SessionState::SyncConnected | SessionState::ConnectedReadOnly => Ok(()),
            state => Err(Error::unavailable(format_args!(
                "{}: no server of it answers ({state})",
                self.cluster
            ))),
        }
    }

    /// Does something with a session; once more if its connection broke and it goes on
    /// by another one at once. That is how a pause of this process ends, which is no
    /// outage of ZooKeeper.
    pub(super) async fn twice<T, W>(&self, client: &Client, work: impl Fn() -> W) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        let error = match work().await {
            Err(error) if error.may_pass() => error,
            done => return done,
        };
        let mut states = client.state_watcher();
        let resumed = async {
            while self.connected(client).is_err() && !client.state().is_terminated() {
                states.changed().await;
            }
        };
        let in_time = timeout(RESUMES, resumed).await.is_ok();
        match in_time && self.connected(client).is_ok() {
            true => work().await,
            false => Err(error),
        }
    }

    /// What a failure means, and what to do.
    pub(super) fn fault(&self, what: &str, error: &ZkError) -> Error {
        let cluster = &self.cluster;
        match error {
            ZkError::NoAuth => Error::refused(match &self.digest {
                None => {
                    format!("{cluster}: no permission for {what}; give the digest user that has it")
                }
                Some((user, _)) => format!(
                    "{cluster}: no permission for {what} (is the password of {user} right, and \
                     do the ACLs allow it?)"
                ),
            }),
            ZkError::AuthFailed | ZkError::InvalidAcl => Error::refused(format_args!(
                "{cluster}: the digest user is not accepted for {what}: {error}"
            )),
            ZkError::Unimplemented => Error::refused(format_args!(
                "{cluster}: ZooKeeper 3.6 or later is needed, which has recursive watches"
            )),
            ZkError::NoHosts | ZkError::Timeout => Error::unavailable(format_args!(
                "{cluster}: no server of it answers as ZooKeeper does, for {what}"
            )),
            error => Error::unavailable(format_args!("{cluster}: {what}: {error}")),
        }
    }
}
