//! [`TlsArgs`]: how connections to servers are secured.

use std::path::PathBuf;

use clap::Args;
use gobrpc_client::tls::Tls;

use crate::exit::Failure;

/// Options of all commands that call a server, for TLS.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS to the server")]
pub(crate) struct TlsArgs {
    /// Connect by TLS, as tls:// does; for host:port
    #[arg(long, conflicts_with = "via")]
    pub(crate) tls: bool,
    /// Trust the certificates in this file (PEM), not those of the system
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Show the server the certificate in this file (PEM), with those that signed it
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The name that the server's certificate must have, not the host of the address
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
}

impl TlsArgs {
    /// The one that says something about TLS and does not ask for it, if one is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            (self.ca.is_some(), "--ca"),
            (self.cert.is_some(), "--cert"),
            (self.server_name.is_some(), "--server-name"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// What they say; nothing if none is given.
    pub(crate) fn settings(&self) -> Result<Option<Tls>, Failure> {
        if self.given().is_none() {
            return Ok(None);
        }
        let mut builder = Tls::builder();
        if let Some(path) = &self.ca {
            builder = builder.ca_file(path);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            builder = builder.identity_files(cert, key);
        }
        if let Some(name) = &self.server_name {
            builder = builder.server_name(name);
        }
        let tls = builder
            .build()
            .map_err(|error| Failure::usage(error.message()))?;
        Ok(Some(tls))
    }
}
