//! Every stream of Go's comes back as it was, however it is cut.

use gobrpc_codec::inspect::{DefinitionKind, Event, Inspector, recode};
use gobrpc_codec::{Decoder, ErrorKind, Limits};
use proptest::prelude::*;

use crate::agree::{agree, dump, inspect, read_dump};
use crate::stream::goldens;

#[test]
fn recoded_streams_are_the_same_bytes() {
    for golden in goldens() {
        let again = recode(&golden.bytes, &Limits::default()).unwrap();
        assert_eq!(again, golden.bytes, "{}", golden.name);
    }
}

#[test]
fn chunks_do_not_matter() {
    for golden in goldens() {
        let whole = inspect([&golden.bytes[..]], Limits::default());
        let single = inspect(golden.bytes.chunks(1), Limits::default());
        assert!(whole.2.is_none(), "{}", golden.name);
        assert_eq!(
            (&whole.0, &whole.1),
            (&single.0, &single.1),
            "{}",
            golden.name
        );
        let text = dump([&golden.bytes[..]], Limits::default()).0;
        let (single, fault) = dump(golden.bytes.chunks(1), Limits::default());
        assert!(fault.is_none() && text == single, "{}", golden.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn random_cuts_do_not_matter(seed in prop::collection::vec(1..200_usize, 1..20)) {
        for golden in goldens() {
            let mut rest = &golden.bytes[..];
            let mut chunks = Vec::new();
            for length in seed.iter().cycle() {
                let (chunk, more) = rest.split_at((*length).min(rest.len()));
                chunks.push(chunk);
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            let (_, again, error) = inspect(chunks.iter().copied(), Limits::default());
            prop_assert!(error.is_none());
            prop_assert_eq!(&again, &golden.bytes);
            let (text, fault) = dump(chunks, Limits::default());
            prop_assert!(fault.is_none());
            read_dump(&text, &golden.bytes);
        }
    }
}

#[test]
fn the_dump_and_the_inspector_find_the_same() {
    for golden in goldens() {
        assert!(agree(&golden.bytes, Limits::default()).is_none());
        let (found, _, _) = inspect([&golden.bytes[..]], Limits::default());
        let mut decoder = Decoder::new();
        decoder.feed(&golden.bytes);
        let mut values = 0;
        while decoder.skip().unwrap() {
            values += 1;
        }
        assert_eq!(found.values.len(), values, "{}", golden.name);
        assert_eq!(found.definitions.len(), decoder.types().len());
    }
}

#[test]
fn every_prefix_is_judged_alike() {
    for golden in goldens() {
        let length = golden.bytes.len();
        let step = 1 + length / 400;
        for end in (0..length).step_by(step) {
            let prefix = &golden.bytes[..end];
            let error = agree(prefix, Limits::default());
            let kind = error.map(|error| error.kind());
            assert!(
                matches!(kind, None | Some(ErrorKind::Truncated)),
                "{} to {end}: {kind:?}",
                golden.name
            );
            // The same as the decoder says, too.
            let mut decoder = Decoder::new();
            decoder.feed(prefix);
            while decoder.skip().unwrap() {}
            let ended = decoder.finish().err().map(|error| error.kind());
            assert_eq!(kind, ended, "{} to {end}", golden.name);
        }
    }
}

#[test]
fn output_before_a_fault_is_a_prefix() {
    for golden in goldens().iter().filter(|golden| golden.bytes.len() < 3000) {
        for end in 0..golden.bytes.len() {
            let (found, out, _) = inspect([&golden.bytes[..end]], Limits::default());
            assert_eq!(out, golden.bytes[..out.len()]);
            let last = found.messages.last();
            let whole = last.map_or(0, |(offset, length)| offset + length);
            assert!(out.len() as u64 >= whole);
        }
    }
}

#[test]
fn definitions_in_interfaces_come_in_their_places() {
    let goldens = goldens();
    let Some(golden) = goldens
        .iter()
        .find(|golden| golden.name == "interface_nested")
    else {
        return;
    };
    let mut inspector = Inspector::new();
    inspector.feed(&golden.bytes);
    let mut found = Vec::new();
    let mut segments = 0;
    while let Some(event) = inspector.next_event().unwrap() {
        match event {
            Event::Definition {
                definition, inline, ..
            } => {
                assert!(matches!(definition.kind, DefinitionKind::Struct { .. }));
                found.push((definition.name.to_string(), inline));
            }
            Event::Segment { .. } => segments += 1,
            _ => {}
        }
    }
    let named = |name: &str, inline| (name.to_owned(), inline);
    assert_eq!(found, [named("Any", false), named("Point", true)]);
    assert_eq!(segments, 1);
}
