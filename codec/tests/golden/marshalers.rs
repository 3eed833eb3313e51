//! Types that encode themselves, as twins written by hand.

use std::net::{Ipv4Addr, Ipv6Addr};

use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{Decode, Edge, Encode, Gob, NodeId, Reader, Result, SchemaBuilder, Writer};

use crate::check::{Case, case, same};

/// A payload of `GobEncode`, in a type of this name.
macro_rules! gob_encoder {
    ($($name:ident $go:literal)*) => {$(
        #[derive(Debug, Clone)]
        struct $name(Vec<u8>);

        impl Gob for $name {
            type Static = Self;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.opaque::<Self>(Opaque::Gob, $go, "main")
            }
        }

        impl Encode for $name {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                writer.bytes(&self.0);
                Ok(())
            }
            fn is_zero(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl<'de> Decode<'de> for $name {
            fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
                Ok(Self(reader.bytes()?.to_owned()))
            }
            fn zero() -> Result<Self> {
                Ok(Self(Vec::new()))
            }
        }
    )*};
}

gob_encoder! {
    GobVal "GobVal"
    GobPtr "GobPtr"
    BigInt "Int"
}

/// Has a text marshaler in Go, which gob does not use.
#[derive(Gob, Debug, Clone)]
pub(crate) struct TextVal {
    pub(crate) text: String,
}

fn val(text: &str) -> GobVal {
    GobVal(format!("gob:{text}").into_bytes())
}

fn ptr(text: &str) -> GobPtr {
    GobPtr(format!("ptr:{text}").into_bytes())
}

/// Version 1 and the sign in one byte, then the number's bytes (`math/big`,
/// `intmarsh.go`).
fn big(number: i128) -> BigInt {
    let mut bytes = vec![2 | u8::from(number < 0)];
    let digits = number.unsigned_abs().to_be_bytes();
    let first = digits.iter().position(|&digit| digit != 0);
    bytes.extend(&digits[first.unwrap_or(digits.len())..]);
    BigInt(bytes)
}

pub(crate) fn cases() -> Vec<Case> {
    let v4 = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().octets();
    vec![
        case("gob_encoder", [val("v"), val(""), val("v")].map(same)),
        case(
            "gob_encoder_pointer",
            [ptr("p"), ptr("")].map(|ptr| same(Box::new(ptr))),
        ),
        case("gob_encoder_pointer_to_value", [same(Box::new(val("v")))]),
        case("marshaler_slice", [same(vec![val("a"), val("")])]),
        case(
            "text_marshaler",
            [same(TextVal {
                text: "t".to_owned(),
            })],
        ),
        case(
            "big_int",
            [0, 1, -1, 255, 256, -123_456_789_012_345_678_901_234_567_890]
                .map(|number| same(Box::new(big(number)))),
        ),
        // net.IP is a byte slice; its text marshaler is not used.
        case(
            "ip",
            [v4.to_vec(), Ipv6Addr::LOCALHOST.octets().to_vec(), vec![]].map(same),
        ),
    ]
}
