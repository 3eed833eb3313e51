//! Integers of any width into any other, with the range checked.

use std::fmt::Debug;

use gobrpc_codec::{DecodeOwned, Decoder, Encode, Encoder, ErrorKind};
use proptest::prelude::*;

/// A number from one type to another arrives if it fits, and else the next value
/// does.
fn convert<T, U>(value: T)
where
    T: Encode + Copy + Debug,
    U: DecodeOwned + TryFrom<T> + PartialEq + Debug,
{
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    encoder.encode(&value, &mut stream).unwrap();
    encoder.encode(&[value], &mut stream).unwrap();
    encoder.encode(&(value, "next"), &mut stream).unwrap();
    encoder.encode(&"end", &mut stream).unwrap();
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    match U::try_from(value) {
        Ok(fits) => {
            assert_eq!(decoder.decode::<U>().unwrap().as_ref(), Some(&fits));
            assert_eq!(decoder.decode::<[U; 1]>().unwrap().unwrap()[0], fits);
            let (back, next) = decoder.decode::<(U, String)>().unwrap().unwrap();
            assert_eq!((back, next.as_str()), (fits, "next"));
        }
        Err(_) => {
            refused(decoder.decode::<U>(), "");
            refused(decoder.decode::<[U; 1]>(), "[0]");
            refused(decoder.decode::<(U, String)>(), "F0");
        }
    }
    assert_eq!(decoder.decode::<&str>().unwrap(), Some("end"));
}

fn refused<T: Debug>(result: gobrpc_codec::Result<T>, path: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.path().ends_with(path), "{error}");
    assert!(error.message().contains("does not fit"), "{error}");
    assert!(!error.is_fatal());
}

macro_rules! each_to_each {
    ($value:expr; [$($from:ty),*] $to:tt) => {
        $(each_to_each!(@from $value as $from; $to);)*
    };
    (@from $value:expr; [$($to:ty),*]) => {
        $(convert::<_, $to>($value);)*
    };
}

#[test]
fn integers_of_all_widths() {
    let edges = prop::sample::select(vec![0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536]);
    let wide = prop::sample::select(vec![i64::MAX, i64::MIN, 1 << 31, (1 << 31) - 1, 1 << 32]);
    let value = prop_oneof![
        edges.clone(),
        edges.prop_map(|value: i64| -value - 1),
        wide,
        any::<i64>()
    ];
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(value in value)| {
        each_to_each!(value; [i8, i16, i32, i64, isize] [i8, i16, i32, i64, isize]);
        each_to_each!(value; [u8, u16, u32, u64, usize] [u8, u16, u32, u64, usize]);
    });
}

/// Go tells signed from unsigned, and so do we.
#[test]
fn signs_do_not_mix() {
    fn mismatch<T: DecodeOwned + Debug>(value: &impl Encode) {
        let stream = gobrpc_codec::to_vec(value).unwrap();
        let error = gobrpc_codec::from_slice::<T>(&stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    }
    mismatch::<u64>(&1_i64);
    mismatch::<i64>(&1_u64);
    mismatch::<f64>(&1_i64);
    mismatch::<bool>(&1_u64);
    mismatch::<String>(&b"a".to_vec());
    mismatch::<Vec<u8>>(&"a");
    mismatch::<Vec<u8>>(&[1_u8]);
    mismatch::<[u8; 1]>(&vec![1_u8]);
    mismatch::<[u8; 2]>(&[1_u8]);
    mismatch::<(i64,)>(&1_i64);
    mismatch::<char>(&0xd800_i64);
    mismatch::<char>(&-1_i64);
    mismatch::<f32>(&f64::MAX);
    assert!(
        gobrpc_codec::from_slice::<f32>(&gobrpc_codec::to_vec(&f64::INFINITY).unwrap()).is_ok()
    );
}
