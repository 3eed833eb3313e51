//! How deep typed values may nest: `Limits::DEPTH` is at most half of what a
//! debug build survives on a stack of 2 MiB, for structs of forty fields.
//!
//! A probe at the bottom of the value takes down where the stack is, so that
//! nothing has to overflow to be measured.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]
#![allow(
    clippy::arc_with_non_send_sync,
    clippy::type_complexity,
    reason = "pointers of all kinds are nested in each other"
)]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use gobrpc_codec::{
    Decode, DecodeOwned, Decoder, Edge, Encode, Encoder, ErrorKind, Gob, Kind, Limits, NodeId,
    Prepared, Reader, Result, SchemaBuilder, Writer, from_slice, from_slice_with, to_vec,
};

/// What threads that Rust or tokio starts have.
const STACK: usize = 2 << 20;

thread_local! {
    static LOWEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn probe() {
    let here = 0_u8;
    let address = std::ptr::from_ref(&here).addr();
    LOWEST.with(|lowest| lowest.set(lowest.get().min(address)));
}

/// How much stack the work takes.
fn stack_of(work: impl FnOnce()) -> usize {
    let here = 0_u8;
    let start = std::ptr::from_ref(&here).addr();
    LOWEST.with(|lowest| lowest.set(start));
    work();
    start - LOWEST.with(Cell::get)
}

/// A number that notes where the stack is.
#[derive(Debug, Clone, Default, PartialEq)]
struct Probe(i64);

impl Gob for Probe {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Int, "int64")
    }
}

impl Encode for Probe {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        probe();
        self.0.encode(writer)
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl<'de> Decode<'de> for Probe {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        probe();
        i64::decode(reader, plan).map(Self)
    }
    fn zero() -> Result<Self> {
        Ok(Self(0))
    }
}

macro_rules! wide {
    ($($number:ident $text:ident $list:ident $pair:ident;)*) => {
        /// Forty fields, and ways to nest.
        #[derive(Gob, Debug, Clone, Default, PartialEq)]
        struct Wide {
            probe: Probe,
            $(
                $number: i64,
                $text: String,
                $list: Option<Vec<u8>>,
                $pair: (f64, f64),
            )*
            boxed: Option<Box<Wide>>,
            counted: Option<Rc<Wide>>,
            shared: Option<Arc<Wide>>,
            items: Vec<Wide>,
            by_name: Option<HashMap<String, Wide>>,
            by_number: Option<BTreeMap<i64, (Wide, i64)>>,
        }
    };
}

wide! {
    a0 b0 c0 d0; a1 b1 c1 d1; a2 b2 c2 d2; a3 b3 c3 d3; a4 b4 c4 d4;
    a5 b5 c5 d5; a6 b6 c6 d6; a7 b7 c7 d7; a8 b8 c8 d8;
}

type Step = fn(Wide) -> Wide;

/// A way to nest, and how many levels of the limit each step takes.
const STEPS: [(&str, usize, Step); 6] = [
    ("Option<Box<_>>", 1, |inner| Wide {
        boxed: Some(Box::new(inner)),
        ..Wide::default()
    }),
    ("Option<Rc<_>>", 1, |inner| Wide {
        counted: Some(Rc::new(inner)),
        ..Wide::default()
    }),
    ("Option<Arc<_>>", 1, |inner| Wide {
        shared: Some(Arc::new(inner)),
        ..Wide::default()
    }),
    ("Vec<_>", 2, |inner| Wide {
        items: vec![inner],
        ..Wide::default()
    }),
    ("HashMap<String, _>", 2, |inner| Wide {
        by_name: Some(HashMap::from([("k".to_owned(), inner)])),
        ..Wide::default()
    }),
    ("BTreeMap<i64, (_, i64)>", 3, |inner| Wide {
        by_number: Some(BTreeMap::from([(1, (inner, 2))])),
        ..Wide::default()
    }),
];

/// A value of so many levels, counted as the limit counts them. The tuples that
/// each struct has are a level of their own.
fn nested(levels: usize, cost: usize, step: Step) -> Wide {
    let bottom = Wide {
        probe: Probe(1),
        ..Wide::default()
    };
    (0..(levels - 2) / cost).fold(bottom, |inner, _| step(inner))
}

fn on_stack<T: Send>(size: usize, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap()
    })
}

#[test]
fn the_default_depth_takes_half_of_a_small_stack() {
    for (name, cost, step) in STEPS {
        let (encode, decode) = on_stack(64 << 20, || {
            let value = nested(Limits::DEPTH, cost, step);
            let mut stream = Vec::new();
            let encode = stack_of(|| stream = to_vec(&value).unwrap());
            let decode = stack_of(|| {
                assert_eq!(from_slice::<Wide>(&stream).unwrap(), value);
            });
            (encode, decode)
        });
        println!("{name}: {encode} bytes to encode, {decode} to decode, of {STACK}");
        assert!(
            encode <= STACK / 2,
            "{name}: {encode} bytes of stack to encode"
        );
        assert!(
            decode <= STACK / 2,
            "{name}: {decode} bytes of stack to decode"
        );
    }
}

#[test]
fn the_deepest_value_travels_on_a_small_stack() {
    for (_, cost, step) in STEPS {
        on_stack(STACK, move || {
            let value = nested(Limits::DEPTH, cost, step);
            let stream = to_vec(&value).unwrap();
            assert_eq!(from_slice::<Wide>(&stream).unwrap(), value);
        });
    }
}

/// A list, of which every node is one level.
#[derive(Gob, Debug, PartialEq)]
struct Node {
    next: Option<Box<Node>>,
}

fn list(levels: usize) -> Node {
    (1..levels).fold(Node { next: None }, |next, _| Node {
        next: Some(Box::new(next)),
    })
}

#[test]
fn one_level_more_is_an_error_both_ways() {
    for depth in [1, 2, 7, Limits::DEPTH] {
        let limits = Limits::default().with_depth(depth);
        let deeper = Limits::default().with_depth(depth + 1);
        let encode = |levels| {
            let mut stream = Vec::new();
            Encoder::with_limits(limits).encode(&list(levels), &mut stream)
        };
        encode(depth).unwrap();
        let error = encode(depth + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains("Limits::depth"), "{error}");
        assert!(Prepared::with_limits(&list(depth), &limits).is_ok());
        assert!(Prepared::with_limits(&list(depth + 1), &limits).is_err());

        let stream = |levels| {
            let mut stream = Vec::new();
            Encoder::with_limits(deeper)
                .encode(&list(levels), &mut stream)
                .unwrap();
            stream
        };
        let exact: Node = from_slice_with(&stream(depth), &limits).unwrap();
        assert_eq!(exact, list(depth));
        // And the stream goes on.
        let mut decoder = Decoder::with_limits(limits);
        decoder.feed(&stream(depth + 1));
        decoder.feed(&to_vec(&22_i64).unwrap());
        let error = decoder.decode::<Node>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains("Limits::depth"), "{error}");
        assert!(!error.is_fatal());
        assert_eq!(decoder.decode::<i64>().unwrap(), Some(22));
    }
}

/// Vectors, arrays and maps count as levels, scalars do not.
#[test]
fn containers_are_levels() {
    fn levels<T: Encode + DecodeOwned>(value: &T) -> usize {
        let stream = to_vec(value).unwrap();
        let fits = |depth: &usize| {
            from_slice_with::<T>(&stream, &Limits::default().with_depth(*depth)).is_ok()
        };
        let decode = (0..20).find(fits).unwrap();
        let fits = |depth: &usize| {
            Prepared::with_limits(value, &Limits::default().with_depth(*depth)).is_ok()
        };
        assert_eq!(
            (0..20).find(fits).unwrap(),
            decode,
            "encode and decode differ"
        );
        decode
    }
    assert_eq!(levels(&1_i64), 0);
    assert_eq!(levels(&"text".to_owned()), 0);
    assert_eq!(levels(&vec![1_u8]), 0);
    assert_eq!(levels(&Box::new(1_i64)), 0);
    assert_eq!(levels(&vec![1_i64]), 1);
    assert_eq!(levels(&[1_i64]), 1);
    assert_eq!(levels(&(1_i64, 2_i64)), 1);
    assert_eq!(levels(&vec![vec![1_i64]]), 2);
    assert_eq!(levels(&vec![Box::new((1_i64,))]), 2);
    assert_eq!(levels(&BTreeMap::from([((1_i64,), vec![2_i64])])), 2);
    assert_eq!(levels(&list(5)), 5);
}

/// Types that hold themselves without a way out: they compile, and must not
/// overflow a stack when somebody asks for their zero.
mod endless {
    use super::*;

    #[derive(Gob, Debug)]
    struct Forever {
        next: Box<Forever>,
        also: Arc<Forever>,
    }

    #[derive(Gob, Debug)]
    struct Ping {
        pong: Rc<Pong>,
    }

    #[derive(Gob, Debug)]
    struct Pong {
        pings: [Box<Ping>; 2],
    }

    #[derive(Gob, Debug)]
    struct Next {
        next: Option<Box<Next>>,
    }

    fn fails<T: DecodeOwned + std::fmt::Debug>(stream: &[u8], text: &str) {
        on_stack(256 << 10, || {
            let error = from_slice::<T>(stream).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
            // Asking again and asking the type itself are no different.
            assert!(from_slice::<T>(stream).is_err());
            assert!(!T::schema().to_string().is_empty());
        });
    }

    #[test]
    fn have_no_zero() {
        let empty = to_vec(&()).unwrap();
        fails::<Forever>(&empty, "contains itself");
        fails::<Ping>(&empty, "contains itself");
        fails::<Pong>(&empty, "contains itself");
        assert!(from_slice::<Next>(&empty).unwrap().next.is_none());
        // Pointers that do end are no such type, however deep.
        #[derive(Gob, Debug, PartialEq)]
        struct Deep {
            value: Box<Rc<Arc<Box<Rc<Arc<(i64, Box<Vec<i64>>)>>>>>>,
        }
        let deep: Deep = from_slice(&empty).unwrap();
        assert_eq!(deep.value.0, 0);
    }
}
