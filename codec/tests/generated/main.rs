//! Types that nobody wrote, and values of them: what all readers make of what the
//! encoder made.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]

mod types;
mod values;

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Encoder, Limits, Prepared, RawValue, Value};
use proptest::prelude::*;
use serde::de::IgnoredAny;

/// The streams of these values: with all types in front, and as Go writes them.
fn streams(values: &[Value]) -> [Vec<u8>; 2] {
    [Encoder::new(), Encoder::new().inline_types()].map(|mut encoder| {
        let mut stream = Vec::new();
        for value in values {
            let prepared = Prepared::from_value(value).unwrap();
            encoder.append(&prepared, &mut stream).unwrap();
        }
        stream
    })
}

fn check(values: &[Value], step: usize) {
    for stream in streams(values) {
        // Whole, and in pieces.
        for step in [stream.len().max(1), step] {
            let mut decoder = Decoder::new();
            let mut next = values.iter();
            for chunk in stream.chunks(step) {
                decoder.feed(chunk);
                while let Some(value) = decoder.decode_value().unwrap() {
                    assert_eq!(Some(&value), next.next());
                    // By itself it is sent and read again.
                    let again = Prepared::from_value(&value).unwrap();
                    let again = RawValue::from_prepared(&again).unwrap();
                    assert_eq!(again.to_value().unwrap(), value);
                }
            }
            assert_eq!(next.next(), None);
            decoder.finish().unwrap();
        }

        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let mut skipped = 0;
        while decoder.skip().unwrap() {
            skipped += 1;
        }
        assert_eq!(skipped, values.len());

        // By serde's data model, which has a place for all of it.
        decoder = Decoder::new();
        decoder.feed(&stream);
        while let Some(raw) = decoder.take().unwrap() {
            let IgnoredAny = raw.deserialize().unwrap();
        }

        assert_eq!(recode(&stream, &Limits::default()).unwrap(), stream);
        let mut dumper = Dumper::new();
        dumper.feed(&stream);
        dumper.finish(&mut std::io::sink()).unwrap();
        assert!(dumper.fault().is_none(), "{:?}", dumper.fault());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_readers_agree(
        specs in types::specs(),
        numbers in prop::collection::vec(any::<u64>(), 1..200),
        step in 1_usize..40,
    ) {
        let schema = types::schema(&specs);
        let values: Vec<Value> = (0..3)
            .map(|round| values::value(&schema, numbers.iter().copied().skip(round).collect()))
            .collect();
        check(&values, step);
        // A type is what it is: no difference from itself but names that Go ignores.
        for value in &values {
            let schema = value.schema();
            prop_assert!(schema.compatible_with(&schema).is_empty());
        }
    }
}

/// The order in which entries were sent shows in the bytes, unless they are sorted:
/// then as the typed encoder does it.
#[test]
fn sorted_maps() {
    type Ages = std::collections::HashMap<String, std::collections::HashMap<i64, f64>>;
    let ages: Ages = (0..40)
        .map(|n| (format!("{n}"), (-20..20).map(|n| (n, 0.5)).collect()))
        .collect();
    let (mut sorted, mut typed) = (Vec::new(), Vec::new());
    Encoder::new()
        .sorted_maps()
        .encode(&ages, &mut typed)
        .unwrap();
    let value = Value::of(&ages).unwrap();
    let prepared = Prepared::from_value_sorted(&value).unwrap();
    Encoder::new().append(&prepared, &mut sorted).unwrap();
    assert_eq!(sorted, typed);
    assert_eq!(value.to::<Ages>().unwrap(), ages);
}
