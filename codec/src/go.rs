//! Go's standard types that gob sends in a way of their own.
//!
//! | Go | here | on the wire | left out as a zero field |
//! |---|---|---|---|
//! | `time.Time` | [`Time`], `SystemTime` | `GobEncoder`, 15 or 16 bytes | yes |
//! | `time.Duration` | [`Duration`], `std::time::Duration` | int: nanoseconds | yes |
//! | `big.Int` | [`BigInt`] | `GobEncoder` | no |
//! | `big.Rat` | [`BigRat`] | `GobEncoder` | no |
//! | `big.Float` | [`BigFloat`] | `GobEncoder` | no |
//! | `complex64`, `complex128` | [`Complex64`], [`Complex128`] | complex: two floats | yes |
//! | `net.IP` | [`IpAddr`] | bytes: 0, 4 or 16 | yes |
//! | `netip.Addr` | [`Addr`] | `BinaryMarshaler` | yes |
//! | `netip.AddrPort` | [`AddrPort`] | `BinaryMarshaler` | yes |
//! | `netip.Prefix` | [`Prefix`] | `BinaryMarshaler` | yes |
//! | `url.URL` | [`Url`] | `BinaryMarshaler`: its text | no |
//! | `uuid.UUID` of google/uuid and gofrs/uuid | [`Uuid`] | `BinaryMarshaler`, 16 bytes | yes |
//! | `uuid.UUID` of Go, any `[16]byte` | [`Uuid16`] | array of 16 uint | no |
//! | errors over RPC, by Mattermost's convention | [`ErrorString`] | struct | no |
//!
//! Where Go declares a pointer (`*big.Int`, `*url.URL`), declare an `Option` or a
//! `Box`: the definition of the type shows it. A pointer to a zero is sent, and
//! `None` is not.
//!
//! Features add the types of other crates: `chrono`, `jiff` and `time` for
//! `time.Time`, `uuid` for google's `uuid.UUID`, `num-bigint` for `big.Int`. They
//! share the type definitions of the types here, so that a stream with both
//! defines each once.

mod big_float;
mod big_int;
mod big_rat;
mod civil;
mod complex;
mod duration;
mod error_string;
mod ip_addr;
mod nat;
mod netip;
mod system_time;
mod time;
mod travel;
mod url;
mod uuid;
mod with;

pub use big_float::{Accuracy, BigFloat, Form, Rounding};
pub use big_int::BigInt;
pub use big_rat::BigRat;
pub use complex::{Complex64, Complex128};
pub use duration::Duration;
pub use error_string::ErrorString;
pub use ip_addr::IpAddr;
pub use netip::{Addr, AddrPort, Prefix};
pub use time::Time;
pub use url::Url;
pub use uuid::{Uuid, Uuid16};
