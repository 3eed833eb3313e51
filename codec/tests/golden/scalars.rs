//! Scalars, strings and bytes at the top of a stream.

use gobrpc_codec::GoString;

use crate::check::{Case, Sample, case, same};
use crate::types::Complex;

fn all<T, const N: usize>(values: [T; N]) -> Vec<Box<dyn Sample>>
where
    T: gobrpc_codec::Encode + gobrpc_codec::DecodeOwned + std::fmt::Debug + Clone + 'static,
{
    values.into_iter().map(same).collect()
}

fn grams(counts: &[usize]) -> Vec<Box<dyn Sample>> {
    counts
        .iter()
        .map(|&count| same("g".repeat(count)))
        .collect()
}

pub(crate) fn cases() -> Vec<Case> {
    // Go's NaN is not Rust's.
    let nan = f64::from_bits(0x7ff8_0000_0000_0001);
    vec![
        case("bool", all([false, true])),
        case(
            "int",
            all([
                0,
                1,
                -1,
                63,
                64,
                -64,
                -65,
                127,
                128,
                -128,
                -129,
                isize::MIN,
                isize::MAX,
            ]),
        ),
        case("int8", all([0, 1, -1, i8::MIN, i8::MAX])),
        case(
            "int16",
            all([0, 1, -1, 127, 128, -128, -129, i16::MIN, i16::MAX]),
        ),
        case(
            "int32",
            all([0, 1, -1, 32767, 32768, -32768, -32769, i32::MIN, i32::MAX]),
        ),
        case(
            "int64",
            all([
                0,
                1,
                -1,
                127,
                128,
                -128,
                -129,
                1 << 31,
                -1 << 31,
                1 << 40,
                i64::MIN,
                i64::MAX,
            ]),
        ),
        case(
            "uint",
            all([0, 1, 127, 128, 255, 256, 65535, 65536, usize::MAX]),
        ),
        case("uint8", all([0_u8, 1, 127, 128, 255])),
        case("uint16", all([0_u16, 1, 127, 128, 255, 256, 65535])),
        case("uint32", all([0, 1, 128, 65536, 1 << 24, u32::MAX])),
        case(
            "uint64",
            all([0, 1, 127, 128, 1 << 32, 1 << 40, 1 << 48, 1 << 56, u64::MAX]),
        ),
        case(
            "float32",
            all([
                0.0,
                -0.0,
                1.0,
                -1.0,
                17.0,
                0.1,
                f32::MAX,
                f32::from_bits(1),
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::NAN,
            ]),
        ),
        case(
            "float64",
            all([
                0.0,
                -0.0,
                1.0,
                -1.0,
                17.0,
                0.1,
                std::f64::consts::PI,
                f64::MAX,
                f64::from_bits(1),
                f64::INFINITY,
                f64::NEG_INFINITY,
                nan,
            ]),
        ),
        case(
            "complex128",
            all([
                Complex(0.0, 0.0),
                Complex(1.0, 2.0),
                Complex(0.0, -0.5),
                Complex(f64::INFINITY, nan),
            ]),
        ),
        case(
            "complex64",
            all([
                Complex(0.0, 0.0),
                Complex(1.0, -2.0),
                Complex(0.0, f64::from(0.1_f32)),
            ]),
        ),
        case(
            "string",
            all([
                GoString::from(""),
                GoString::from("a"),
                GoString::from("hello"),
                GoString::from("héllo ☃ 🦀"),
                GoString::from("\0"),
                GoString::from(&b"\xff\xfe\x80"[..]),
            ]),
        ),
        case(
            "bytes",
            all([
                vec![],
                vec![],
                vec![0],
                vec![0, 127, 128, 255],
                vec![0xa5_u8; 200],
            ]),
        ),
        case(
            "string_lengths",
            grams(&[122, 123, 124, 125, 126, 127, 128, 249, 250, 255, 256]),
        ),
        case("string_long", grams(&[300, 65600])),
    ]
}
