//! Types that encode themselves, as twins written by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{
    Decode, Edge, Encode, Gob, Marshal, NodeId, Reader, Result, SchemaBuilder, Unmarshal, Writer,
    marshaler,
};

use crate::check::{Case, case, same};
use crate::types::Inner;

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

/// A `BinaryMarshaler` that is a struct with a field of type `*Inner`, which its
/// bytes do not have.
#[derive(Debug, Clone)]
struct BinVal(String);

impl Marshal for BinVal {
    const KIND: Opaque = Opaque::Binary;
    const NAME: &'static str = "BinVal";
    fn marshal(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(b"bin:");
        out.extend_from_slice(self.0.as_bytes());
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
    fn beside(schema: &mut SchemaBuilder) -> Vec<Edge> {
        vec![String::describe(schema), <Box<Inner>>::describe(schema)]
    }
}

impl Unmarshal for BinVal {
    fn unmarshal(payload: &[u8]) -> Result<Self> {
        let text = payload.get(4..).unwrap_or_default();
        Ok(Self(String::from_utf8_lossy(text).into_owned()))
    }
    fn zero() -> Result<Self> {
        Ok(Self(String::new()))
    }
}

marshaler!(BinVal);

/// Each of them as a field.
#[derive(Gob, Debug, Clone)]
struct Marshalers {
    val: GobVal,
    ptr: Option<Box<GobPtr>>,
    ptr_val: Option<Box<GobVal>>,
    bin: BinVal,
    text: TextVal,
    list: Vec<GobVal>,
    dict: Option<BTreeMap<String, GobVal>>,
}

fn marshalers(ptr: Option<GobPtr>, ptr_val: Option<GobVal>) -> Marshalers {
    Marshalers {
        val: GobVal(Vec::new()),
        ptr: ptr.map(Box::new),
        ptr_val: ptr_val.map(Box::new),
        bin: BinVal(String::new()),
        text: TextVal {
            text: String::new(),
        },
        list: Vec::new(),
        dict: None,
    }
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
        case("binary_marshaler", [same(BinVal("b".to_owned()))]),
        case(
            "marshaler_fields",
            [same(Marshalers {
                val: val("v"),
                bin: BinVal("b".to_owned()),
                text: TextVal {
                    text: "t".to_owned(),
                },
                list: vec![val("l"), val("")],
                dict: Some(BTreeMap::from([("k".to_owned(), val("m"))])),
                ..marshalers(Some(ptr("p")), Some(val("pv")))
            })],
        ),
        case(
            "marshaler_fields_zero",
            [
                same(marshalers(None, None)),
                same(marshalers(Some(ptr("")), Some(val("")))),
            ],
        ),
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
