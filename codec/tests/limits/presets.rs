//! The presets: each takes what it says, and refuses one more.

use gobrpc_codec::{DecodeOwned, Decoder, Error, Gob, Limits, from_slice_with};

use crate::stream::{Bytes, bytes};
use crate::{INT, Only, refused};

fn presets() -> [(&'static str, Limits); 3] {
    [
        ("strict", Limits::strict()),
        ("default", Limits::default()),
        ("trusted", Limits::trusted()),
    ]
}

/// What `stream` makes of the most that each preset takes is taken; of one more, it
/// is refused by the limit of that name.
#[track_caller]
fn edges<T: DecodeOwned>(knob: &str, most: fn(&Limits) -> usize, stream: impl Fn(usize) -> Bytes) {
    for (name, preset) in presets() {
        // Streams that reach this limit may be long.
        let limits = match knob {
            "type_bytes" => preset.with_message_bytes(1 << 30),
            _ => preset,
        };
        let read = |count| from_slice_with::<T>(&stream(count).0, &limits).map(|_| ());
        let most = most(&preset);
        if (knob, name) == ("types", "trusted") {
            // So many are read once only, by a test of their own.
            continue;
        }
        let exact = read(most);
        assert!(exact.is_ok(), "{name}, {knob} {most}: {exact:?}");
        refused(&read(most + 1).unwrap_err(), knob);
    }
}

fn only(define: Bytes) -> Bytes {
    define
        .structure(9_000_000, &[("A", INT)])
        .value(9_000_000, bytes().raw(&[1, 14, 0]))
}

/// Nothing is allocated for a message that is too long: its length is enough.
#[test]
fn message_bytes() {
    for (name, limits) in presets() {
        let announce = |length: usize| -> Result<Option<i64>, Error> {
            let mut decoder = Decoder::with_limits(limits);
            decoder.feed(&bytes().uint(length as u64).0);
            decoder.decode()
        };
        assert_eq!(announce(limits.message_bytes).unwrap(), None, "{name}");
        let error = announce(limits.message_bytes + 1).unwrap_err();
        refused(&error, "message_bytes");
    }
}

/// A page, as large as it is empty.
#[derive(Gob, Debug)]
struct Page {
    words: [[u64; 32]; 16],
}

/// Trusted memory is more than a test should take.
#[test]
fn memory_bytes() {
    for limits in [Limits::strict(), Limits::default()] {
        let pages = limits.memory_bytes / size_of::<Page>();
        assert_eq!(pages * size_of::<Page>(), limits.memory_bytes);
        let stream = |count: usize| {
            bytes()
                .slice(64, 65)
                .structure(65, &[("Unknown", INT), ("Words", 66)])
                .array(66, 67, 16)
                .array(67, 3, 32)
                .value(
                    64,
                    bytes().raw(&[0]).uint(count as u64).raw(&vec![0; count]),
                )
        };
        let read = |count| from_slice_with::<Vec<Page>>(&stream(count).0, &limits);
        assert_eq!(read(pages).unwrap().len(), pages);
        refused(&read(pages + 1).unwrap_err(), "memory_bytes");
    }
}

#[derive(Gob, Debug)]
struct Node {
    next: Option<Box<Node>>,
}

#[test]
fn depth() {
    let nodes = |levels: usize| {
        let body = bytes().raw(&vec![1; levels - 1]).raw(&vec![0; levels]);
        bytes().structure(64, &[("Next", 64)]).value(64, body)
    };
    edges::<Node>("depth", |limits| limits.depth, nodes);
}

#[test]
fn dynamic_depth() {
    // The struct around the lists is counted by `depth`, as it is decoded.
    let ignored = |levels: usize| {
        let lists = bytes().raw(&vec![1; levels - 1]).raw(&[0]);
        bytes().slice(65, 65).ignored(65, lists)
    };
    edges::<Only>("dynamic_depth", |limits| limits.dynamic_depth, ignored);
}

#[test]
fn types() {
    let many = |count: usize| {
        let ids = 100..99 + i64::try_from(count).unwrap();
        only(ids.fold(bytes(), |define, id| define.slice(id, INT)))
    };
    edges::<Only>("types", |limits| limits.types, many);
}

/// A million definitions and one more, in one pass: unoptimized it takes a while.
#[test]
fn trusted_types() {
    let limits = Limits::trusted();
    let mut decoder = Decoder::with_limits(limits);
    let last = 99 + i64::try_from(limits.types).unwrap();
    let ids: Vec<i64> = (100..last).collect();
    for some in ids.chunks(5000) {
        let define = some
            .iter()
            .fold(bytes(), |define, id| define.slice(*id, INT));
        decoder.feed(&define.0);
        // Definitions are taken in as they come.
        assert_eq!(decoder.decode::<Only>().unwrap(), None);
    }
    decoder.feed(&only(bytes()).0);
    assert_eq!(decoder.decode::<Only>().unwrap(), Some(Only { a: 7 }));
    assert_eq!(decoder.types().len(), limits.types);
    decoder.feed(&bytes().slice(last, INT).0);
    refused(&decoder.decode::<Only>().unwrap_err(), "types");
}

#[test]
fn type_bytes() {
    // The limits of fields and names leave it to the number of types: long names of
    // types are charged as all others.
    let named = |most: usize| {
        let rest = most - (64 + 32 + 1) - 64;
        let name = vec![b'N'; rest];
        let head = bytes().int(-100).raw(&[2, 1, 1]).text(&name).raw(&[1]);
        only(bytes().message(head.int(100).raw(&[0, 1, 4, 0, 0])))
    };
    edges::<Only>("type_bytes", |limits| limits.type_bytes, named);
}

#[test]
fn fields() {
    let wide = |count: usize| {
        bytes()
            .structure(64, &vec![("A", INT); count])
            .value(64, bytes().raw(&[1, 14, 0]))
    };
    edges::<Only>("fields", |limits| limits.fields, wide);
}

#[test]
fn name_bytes() {
    let named = |length: usize| {
        bytes()
            .structure(64, &[("A", INT), (&"N".repeat(length), INT)])
            .value(64, bytes().raw(&[1, 14, 0]))
    };
    edges::<Only>("name_bytes", |limits| limits.name_bytes, named);
}

/// Go drops them; strict takes none.
#[test]
fn trailing_bytes() {
    let behind = |count| {
        bytes()
            .structure(64, &[("A", INT)])
            .value(64, bytes().raw(&[1, 14, 0]).raw(&vec![9; count]))
    };
    let read = |count, limits| from_slice_with::<Only>(&behind(count).0, &limits);
    assert!(read(0, Limits::strict()).is_ok());
    refused(&read(1, Limits::strict()).unwrap_err(), "trailing_bytes");
    for (name, limits) in &presets()[1..] {
        assert_eq!(limits.trailing_bytes, usize::MAX, "{name}");
        assert!(read(1000, *limits).is_ok(), "{name}");
    }
}

#[test]
fn have_their_proportions() {
    let [(_, strict), (_, default), (_, trusted)] = presets();
    for (_, limits) in presets() {
        assert!(limits.memory_bytes >= 8 * limits.message_bytes);
        assert!(limits.type_bytes >= 256 * limits.types);
    }
    for (a, b) in [(strict, default), (default, trusted)] {
        assert!(a.message_bytes < b.message_bytes);
        assert!(a.memory_bytes < b.memory_bytes);
        assert!(a.depth <= b.depth && b.depth == Limits::DEPTH);
        assert!(a.dynamic_depth < b.dynamic_depth);
        assert!(a.types < b.types);
        assert!(a.type_bytes < b.type_bytes);
        assert!(a.fields < b.fields);
        assert!(a.name_bytes < b.name_bytes);
    }
}
