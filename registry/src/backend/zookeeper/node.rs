//! [`Nodes`]: where entries are in ZooKeeper's tree.

use std::fmt::Write as _;

use zookeeper_client::{Acls, Client, CreateMode, Error as ZkError};

use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Where entries are in ZooKeeper's tree, and whom they are for.
pub(super) struct Nodes {
    /// Empty, or from a slash on without one at its end.
    chroot: String,
    /// Nodes are for everybody.
    shared: bool,
}

impl Nodes {
    /// # Errors
    ///
    /// `Refused` if the path in front is none.
    pub(super) fn new(chroot: &str, shared: bool) -> Result<Self> {
        let chroot = match chroot.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        let wrong = |part: &str| part.is_empty() || escaped(part) != part;
        if chroot.split('/').skip(1).any(wrong) {
            return Err(Error::refused(format_args!(
                "\"{}\" is no path of ZooKeeper",
                chroot.escape_debug()
            )));
        }
        Ok(Self { chroot, shared })
    }

    pub(super) fn chroot(&self) -> &str {
        &self.chroot
    }

    /// The node above all services.
    pub(super) fn root(&self) -> String {
        self.of_text(Prefix::all().to_string().trim_end_matches('/'))
    }

    pub(super) fn of_prefix(&self, prefix: &Prefix) -> String {
        self.of_text(prefix.to_string().trim_end_matches('/'))
    }

    pub(super) fn of_key(&self, key: &Key) -> String {
        self.of_text(&key.to_string())
    }

    fn of_text(&self, text: &str) -> String {
        let parts = text.split('/').skip(1).map(escaped);
        let mut path = self.chroot.clone();
        for part in parts {
            path.push('/');
            path.push_str(&part);
        }
        path
    }

    /// The key of a node, as text.
    pub(super) fn plain<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.chroot)
    }

    pub(super) const fn acls(&self) -> Acls<'static> {
        match self.shared {
            true => Acls::anyone_all(),
            false => Acls::creator_all(),
        }
    }

    /// Makes the nodes above one, from the lowest that is missing on: whoever has
    /// no say further up need not have any.
    pub(super) async fn make_parents(&self, client: &Client, path: &str) -> Result<(), ZkError> {
        let root = self.root();
        let ends: Vec<usize> = path
            .match_indices('/')
            .map(|(at, _)| at)
            .filter(|&at| at > 0)
            .collect();
        // The first of them that is there, seen from below.
        let mut level = ends.len();
        while level > 0 {
            level -= 1;
            let Some(parent) = ends.get(level).and_then(|&end| path.get(..end)) else {
                break;
            };
            match self.make(client, parent, parent.len() > root.len()).await {
                Ok(()) => break,
                Err(ZkError::NoNode) => {}
                Err(error) => return Err(error),
            }
        }
        for end in ends.iter().skip(level + 1) {
            if let Some(parent) = path.get(..*end) {
                self.make(client, parent, parent.len() > root.len()).await?;
            }
        }
        Ok(())
    }

    /// Makes a node that others are below. Containers go when they are empty.
    async fn make(&self, client: &Client, path: &str, container: bool) -> Result<(), ZkError> {
        let mode = match container {
            true => CreateMode::Container,
            false => CreateMode::Persistent,
        };
        match client.create(path, &[], &mode.with_acls(self.acls())).await {
            Ok(_) | Err(ZkError::NodeExists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A part of a path, without what ZooKeeper does not take there (its documentation,
/// "The ZooKeeper Data Model").
fn escaped(part: &str) -> String {
    if part == "." || part == ".." {
        return part.replace('.', "%2E");
    }
    let mut text = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fff0}'..='\u{ffff}' => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "%{byte:02X}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::ServiceEntry;

    #[test]
    fn keys_come_back_as_they_were() {
        let nodes = Nodes::new("/prod/a", true).unwrap();
        for (name, version) in [
            ("user", "v1"),
            (".", ".."),
            ("a/b%\u{e9}", "\u{e000}\u{ffff}"),
            ("%2E", "\u{a0}"),
        ] {
            let key = Key::of(&ServiceEntry::new(name, version, "[::1]:80").unwrap());
            let path = nodes.of_key(&key);
            assert!(path.starts_with("/prod/a/services/"), "{path}");
            assert_eq!(path.matches('/').count(), 6);
            assert_eq!(nodes.plain(&path).unwrap().parse::<Key>().unwrap(), key);
            assert!(path.starts_with(&nodes.of_prefix(&Prefix::service(name))));
        }
        let plain = Nodes::new("", true).unwrap();
        assert_eq!(plain.root(), "/services");
        assert_eq!(plain.of_prefix(&Prefix::service("user")), "/services/user");
        for bad in ["/a//b", "/./a", "a/..", "/a\u{1}"] {
            assert!(Nodes::new(bad, true).is_err(), "{bad:?}");
        }
    }
}
