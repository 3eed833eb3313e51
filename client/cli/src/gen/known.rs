//! Go's own types among those that write themselves, told by their names.

use gobrpc_codec::inspect::Definition;
use gobrpc_codec::inspect::DefinitionKind;
use gobrpc_codec::schema::Opaque;

/// One of Go's own types.
pub(super) struct Known {
    pub(super) rust: &'static str,
    pub(super) go: &'static str,
    /// What Go code imports for it.
    pub(super) import: &'static str,
}

const fn known(rust: &'static str, go: &'static str, import: &'static str) -> Known {
    Known { rust, go, import }
}

/// The type of Go that a definition is taken for.
pub(super) fn find(definition: &Definition) -> Option<Known> {
    let DefinitionKind::Opaque(kind) = definition.kind else {
        return None;
    };
    Some(match (kind, definition.name.as_str()?) {
        (Opaque::Gob, "Time") => known("gobrpc_codec::go::Time", "time.Time", "time"),
        (Opaque::Gob, "Int") => known("gobrpc_codec::go::BigInt", "big.Int", "math/big"),
        (Opaque::Gob, "Rat") => known("gobrpc_codec::go::BigRat", "big.Rat", "math/big"),
        (Opaque::Gob, "Float") => known("gobrpc_codec::go::BigFloat", "big.Float", "math/big"),
        (Opaque::Binary, "URL") => known("gobrpc_codec::go::Url", "url.URL", "net/url"),
        (Opaque::Binary, "Addr") => known("gobrpc_codec::go::Addr", "netip.Addr", "net/netip"),
        (Opaque::Binary, "AddrPort") => {
            known("gobrpc_codec::go::AddrPort", "netip.AddrPort", "net/netip")
        }
        (Opaque::Binary, "Prefix") => {
            known("gobrpc_codec::go::Prefix", "netip.Prefix", "net/netip")
        }
        _ => return None,
    })
}
