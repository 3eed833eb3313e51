//! Slices of numbers, which go many at a time: the same as one by one.

use std::fmt::Debug;
use std::num::Wrapping;

use gobrpc_codec::{DecodeOwned, Encode, Limits, from_slice, from_slice_with, to_vec};
use proptest::prelude::*;

/// `Wrapping` travels as what it wraps, and always one by one.
fn one_by_one<T>(items: &[T])
where
    T: Encode + DecodeOwned + Copy + PartialEq + Debug,
    Wrapping<T>: Encode + DecodeOwned,
{
    let stream = to_vec(&items).unwrap();
    let wrapped: Vec<_> = items.iter().copied().map(Wrapping).collect();
    assert_eq!(stream, to_vec(&wrapped).unwrap());
    assert_eq!(from_slice::<Vec<T>>(&stream).unwrap(), items);
}

/// Both read the same of a stream, or fail at the same place for the same reason.
fn agree<T>(stream: &[u8])
where
    T: DecodeOwned + PartialEq + Debug,
    Wrapping<T>: DecodeOwned,
{
    let many = from_slice::<Vec<T>>(stream);
    let single = from_slice::<Vec<Wrapping<T>>>(stream)
        .map(|items| items.into_iter().map(|item| item.0).collect::<Vec<_>>());
    match (many, single) {
        (Ok(many), Ok(single)) => assert_eq!(format!("{many:?}"), format!("{single:?}")),
        (Err(many), Err(single)) => assert_eq!(many.to_string(), single.to_string()),
        (many, single) => panic!("{many:?}, one by one {single:?}"),
    }
}

/// Numbers of all lengths.
fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let number = (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift);
    prop::collection::vec(number, 0..100)
}

proptest! {
    #[test]
    fn integers_and_floats(items in numbers()) {
        one_by_one(&items);
        one_by_one(&items.iter().map(|&item| item as i64).collect::<Vec<_>>());
        one_by_one(&items.iter().map(|&item| item as u16).collect::<Vec<_>>());
        one_by_one(&items.iter().map(|&item| item as i8).collect::<Vec<_>>());
        let floats = items.iter().map(|&item| f64::from_bits(item.swap_bytes()));
        one_by_one(&floats.clone().filter(|item| !item.is_nan()).collect::<Vec<_>>());
        one_by_one(&items.iter().map(|&item| item as f32).collect::<Vec<_>>());
    }

    #[test]
    fn faults(items in numbers(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut stream = to_vec(&items).unwrap();
        // Too wide for some, or a float above the range.
        agree::<u32>(&stream);
        let floats: Vec<_> = items.iter().map(|&item| f64::from_bits(item)).collect();
        agree::<f32>(&to_vec(&floats).unwrap());
        // Counts of bytes that are none, and an end that comes early.
        let place = at.index(stream.len());
        stream[place] = byte;
        agree::<u64>(&stream);
        agree::<i16>(&stream);
        stream.truncate(cut.index(stream.len()));
        agree::<u64>(&stream);
    }
}

#[test]
fn a_fault_behind_many() {
    let mut stream = to_vec(&vec![300_u64; 1000]).unwrap();
    let last = stream.len() - 3;
    stream[last] = 0xf0;
    let error = from_slice::<Vec<u64>>(&stream).unwrap_err();
    assert_eq!(error.path(), "[999]");
    let error = from_slice::<Vec<i64>>(&stream).unwrap_err();
    assert!(error.to_string().contains("uint"), "{error}");
    let stream = to_vec(&[vec![1_i64; 999], vec![70_000]].concat()).unwrap();
    let error = from_slice::<Vec<i16>>(&stream).unwrap_err();
    assert_eq!(error.path(), "[999]");
    assert!(error.message().contains("70000"), "{error}");
}

#[test]
fn limits_hold() {
    let stream = to_vec(&vec![7_u16; 500]).unwrap();
    let read = |limits: Limits| from_slice_with::<Vec<u16>>(&stream, &limits);
    assert!(read(Limits::default().with_memory_bytes(1000)).is_ok());
    let error = read(Limits::default().with_memory_bytes(999)).unwrap_err();
    assert!(error.to_string().contains("memory_bytes"), "{error}");
    assert!(read(Limits::default().with_depth(1)).is_ok());
    let error = read(Limits::default().with_depth(0)).unwrap_err();
    assert!(error.to_string().contains("depth"), "{error}");
}
