//! [`Scheme`]: which backend a URL names.

use std::fmt;

/// Which backend a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Memory,
    Rpc,
    Etcd,
    Consul,
    ZooKeeper,
    Dns,
    File,
    Static,
}

/// A scheme as it is written.
pub(super) struct Spelling {
    pub(super) name: &'static str,
    pub(super) scheme: Scheme,
    pub(super) tls: bool,
    /// The feature that it needs, and whether this build has it.
    pub(super) feature: &'static str,
    pub(super) built: bool,
}

const fn spelling(
    name: &'static str,
    scheme: Scheme,
    feature: &'static str,
    built: bool,
) -> Spelling {
    Spelling {
        name,
        scheme,
        tls: false,
        feature,
        built,
    }
}

const fn over_tls(name: &'static str, scheme: Scheme, built: bool) -> Spelling {
    Spelling {
        name,
        scheme,
        tls: true,
        feature: "tls",
        built: built && cfg!(feature = "tls"),
    }
}

const SPELLINGS: [Spelling; 10] = [
    spelling("memory", Scheme::Memory, "", true),
    spelling("rpc", Scheme::Rpc, "client", cfg!(feature = "client")),
    spelling("etcd", Scheme::Etcd, "etcd", cfg!(feature = "etcd")),
    over_tls("etcds", Scheme::Etcd, cfg!(feature = "etcd")),
    spelling("consul", Scheme::Consul, "consul", cfg!(feature = "consul")),
    over_tls("consuls", Scheme::Consul, cfg!(feature = "consul")),
    spelling(
        "zk",
        Scheme::ZooKeeper,
        "zookeeper",
        cfg!(feature = "zookeeper"),
    ),
    spelling("dns", Scheme::Dns, "dns", cfg!(feature = "dns")),
    spelling("file", Scheme::File, "", true),
    spelling("static", Scheme::Static, "", true),
];

impl Spelling {
    /// In any case, as URLs have it.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        SPELLINGS
            .iter()
            .find(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// True of what one would write for it by the example of the others.
    pub(super) fn is_zookeeper_over_tls(name: &str) -> bool {
        let names = ["zks", "zk+tls", "zk+ssl"];
        names.iter().any(|one| one.eq_ignore_ascii_case(name))
    }

    pub(super) fn of(scheme: Scheme, tls: bool) -> &'static str {
        SPELLINGS
            .iter()
            .find(|one| (one.scheme, one.tls) == (scheme, tls))
            .map_or("", |one| one.name)
    }

    /// All of them, for people.
    pub(super) fn all() -> String {
        let names = SPELLINGS.iter().filter(|one| !one.tls);
        let names: Vec<String> = names
            .map(|one| match one.scheme {
                Scheme::Memory => one.name.to_owned(),
                _ => format!("{}://", one.name),
            })
            .collect();
        names.join(", ")
    }
}

/// A text of a stranger, cut and escaped.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What may be a password stands before it.
        let shown = self.0.rsplit_once('@').map_or(self.0, |(_, host)| host);
        let text = shown.chars().take(128).flat_map(char::escape_debug);
        f.write_str(&text.collect::<String>())
    }
}
