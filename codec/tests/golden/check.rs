//! One check that runs a case through every path of the crate.

use std::fmt::Debug;
use std::path::PathBuf;

use gobrpc_codec::{
    Decode, DecodeOwned, Decoder, Encode, Encoder, Error, ErrorKind, Prepared, RawValue, Result,
    from_slice,
};

/// The values of one stream.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<Box<dyn Sample>>,
}

/// A value of a case, of whatever type.
///
/// Values are compared by their `Debug` text, which tells `-0.0` from `0.0` and
/// takes NaN for NaN.
pub(crate) trait Sample {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<()>;
    fn prepare(&self) -> Result<Prepared>;
    fn expected(&self) -> String;
    fn decode(&self, decoder: &mut Decoder) -> Result<Option<String>>;
    fn decode_raw(&self, raw: &RawValue) -> Result<String>;
    fn first_of(&self, stream: &[u8]) -> Result<String>;
}

struct Twin<T, U> {
    sent: T,
    received: U,
}

impl<T: Encode, U: DecodeOwned + Debug> Sample for Twin<T, U> {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<()> {
        encoder.encode(&self.sent, out)
    }
    fn prepare(&self) -> Result<Prepared> {
        Prepared::new(&self.sent)
    }
    fn expected(&self) -> String {
        format!("{:?}", self.received)
    }
    fn decode(&self, decoder: &mut Decoder) -> Result<Option<String>> {
        let value: Option<U> = decoder.decode()?;
        Ok(value.map(|value| format!("{value:?}")))
    }
    fn decode_raw(&self, raw: &RawValue) -> Result<String> {
        Ok(format!("{:?}", raw.decode::<U>()?))
    }
    fn first_of(&self, stream: &[u8]) -> Result<String> {
        Ok(format!("{:?}", from_slice::<U>(stream)?))
    }
}

/// A value that comes back as it was sent.
pub(crate) fn same<T>(value: T) -> Box<dyn Sample>
where
    T: Encode + DecodeOwned + Debug + Clone + 'static,
{
    becomes(value.clone(), value)
}

/// A value that comes back as another one, which Go cannot tell from it.
pub(crate) fn becomes<T, U>(sent: T, received: U) -> Box<dyn Sample>
where
    T: Encode + 'static,
    U: DecodeOwned + Debug + 'static,
{
    Box::new(Twin { sent, received })
}

/// What a value that is never sent becomes when it is received.
pub(crate) fn received<U>(received: U) -> Box<dyn Sample>
where
    U: DecodeOwned + Debug + 'static,
{
    becomes((), received)
}

/// A value that no typed local type can take.
struct Skipped;

pub(crate) fn skipped() -> Box<dyn Sample> {
    Box::new(Skipped)
}

impl Sample for Skipped {
    fn encode(&self, _encoder: &mut Encoder, _out: &mut Vec<u8>) -> Result<()> {
        unreachable!("never sent")
    }
    fn prepare(&self) -> Result<Prepared> {
        unreachable!("never sent")
    }
    fn expected(&self) -> String {
        "skipped".to_owned()
    }
    fn decode(&self, decoder: &mut Decoder) -> Result<Option<String>> {
        Ok(decoder.skip()?.then(|| self.expected()))
    }
    fn decode_raw(&self, _raw: &RawValue) -> Result<String> {
        Ok(self.expected())
    }
    fn first_of(&self, stream: &[u8]) -> Result<String> {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        match self.decode(&mut decoder)? {
            Some(text) => Ok(text),
            None => Err(Error::truncated("no value")),
        }
    }
}

pub(crate) fn case(name: &'static str, values: impl IntoIterator<Item = Box<dyn Sample>>) -> Case {
    Case {
        name,
        values: values.into_iter().collect(),
    }
}

/// Where the goldens are; `None`, said aloud, in a published package, which has
/// none.
pub(crate) fn directory() -> Option<PathBuf> {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden"));
    if directory.is_dir() {
        return Some(directory);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "no goldens in {}",
        directory.display()
    );
    println!("skipped: no goldens in {}", directory.display());
    None
}

pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = directory().unwrap().join(format!("{name}.hex"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(byte).to_digit(16).expect("a hex digit") as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The case encodes to Go's bytes, and they decode to it.
pub(crate) fn check(case: &Case) {
    encodes(case, &golden(case.name));
    check_decoding(case);
}

/// Go's bytes decode to the case.
pub(crate) fn check_decoding(case: &Case) {
    let stream = golden(case.name);
    decodes(case, &[&stream]);
    decodes(case, &stream.chunks(1).collect::<Vec<_>>());
    for seed in 1..=20 {
        decodes(case, &random_chunks(&stream, seed));
    }
    ends(case, &stream);
    skips(case, &stream);
    raw(case, &stream);
    let first = &case.values[0];
    let alone = first.first_of(&stream);
    assert_eq!(alone.unwrap(), first.expected(), "{}", case.name);
}

fn encodes(case: &Case, stream: &[u8]) {
    let name = case.name;
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    for value in &case.values {
        value.encode(&mut encoder, &mut out).unwrap();
    }
    assert_eq!(hex(&out), hex(stream), "{name}: encode");
    // Once more: what is defined already is not defined again.
    let again = out.len();
    for value in &case.values {
        value.encode(&mut encoder, &mut out).unwrap();
    }
    assert!(out.len() - again <= again, "{name}: longer the second time");
    let twice = Case {
        name: case.name,
        values: Vec::new(),
    };
    let mut decoder = Decoder::new();
    decoder.feed(&out);
    for value in case.values.iter().chain(&case.values) {
        let got = value.decode(&mut decoder).unwrap();
        assert_eq!(got, Some(value.expected()), "{}: twice", twice.name);
    }

    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    for value in &case.values {
        encoder.append(&value.prepare().unwrap(), &mut out).unwrap();
    }
    assert_eq!(hex(&out), hex(stream), "{name}: append");

    // Taken back and sent again.
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    for value in &case.values {
        let checkpoint = encoder.checkpoint(&out);
        value.encode(&mut encoder, &mut out).unwrap();
        encoder.rollback(checkpoint, &mut out);
        value.encode(&mut encoder, &mut out).unwrap();
    }
    assert_eq!(hex(&out), hex(stream), "{name}: rollback");
}

fn decodes(case: &Case, chunks: &[&[u8]]) {
    let mut decoder = Decoder::new();
    let mut values = case.values.iter();
    let mut next = values.next();
    for chunk in chunks {
        decoder.feed(chunk);
        while let Some(value) = next {
            match value.decode(&mut decoder).unwrap() {
                Some(got) => assert_eq!(got, value.expected(), "{}", case.name),
                None => break,
            }
            next = values.next();
        }
    }
    assert!(next.is_none(), "{}: a value is missing", case.name);
    assert!(!decoder.skip().unwrap(), "{}: one more value", case.name);
    decoder.finish().unwrap();
    let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    assert_eq!(decoder.offset(), length as u64, "{}", case.name);
}

/// A stream that ends early gives the values before the end and no other, and
/// the end is known for what it is.
fn ends(case: &Case, stream: &[u8]) {
    // All prefixes of what is short, some of what is long.
    let step = stream.len() / 2000 + 1;
    let mut boundaries = Vec::new();
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    for value in &case.values {
        value.decode(&mut decoder).unwrap();
        boundaries.push(decoder.offset() as usize);
    }
    for end in (0..stream.len()).step_by(step) {
        let mut decoder = Decoder::new();
        decoder.feed(&stream[..end]);
        let whole = boundaries
            .iter()
            .filter(|&&boundary| boundary <= end)
            .count();
        for (index, value) in case.values.iter().enumerate() {
            let want = (index < whole).then(|| value.expected());
            assert_eq!(
                value.decode(&mut decoder).unwrap(),
                want,
                "{} cut at {end}",
                case.name
            );
            if want.is_none() {
                break;
            }
        }
        match decoder.finish() {
            Ok(()) => assert!(
                end == 0 || boundaries.contains(&end),
                "{}: a clean end at {end}",
                case.name
            ),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Truncated, "{} at {end}", case.name);
                assert_eq!(error.offset(), Some(end as u64));
                assert!(
                    !boundaries.contains(&end),
                    "{}: no clean end at {end}",
                    case.name
                );
            }
        }
        if whole == 0 {
            let error = case.values[0].first_of(&stream[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{} at {end}", case.name);
        }
    }
}

/// Every value alone is skipped, and the others decode.
fn skips(case: &Case, stream: &[u8]) {
    for skipped in 0..case.values.len() {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        for (index, value) in case.values.iter().enumerate() {
            if index == skipped {
                assert!(decoder.skip().unwrap(), "{}", case.name);
            } else {
                let got = value.decode(&mut decoder).unwrap();
                assert_eq!(
                    got,
                    Some(value.expected()),
                    "{} without {skipped}",
                    case.name
                );
            }
        }
        decoder.finish().unwrap();
    }
    // As an unknown part of a larger thing: into a type that wants nothing.
    #[derive(Debug)]
    struct Nothing;
    impl gobrpc_codec::Gob for Nothing {
        type Static = Self;
        fn describe(schema: &mut gobrpc_codec::SchemaBuilder) -> gobrpc_codec::Edge {
            schema.structure::<Self>("", "", |_| ())
        }
    }
    impl<'de> Decode<'de> for Nothing {
        fn decode(
            reader: &mut gobrpc_codec::Reader<'de, '_>,
            plan: gobrpc_codec::NodeId,
        ) -> Result<Self> {
            <()>::decode(reader, plan).map(|()| Self)
        }
        fn zero() -> Result<Self> {
            Ok(Self)
        }
    }
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    for value in &case.values {
        // Only structs become structs; others must say so and cost nothing else.
        match decoder.decode::<Nothing>() {
            Ok(got) => assert!(got.is_some(), "{}", case.name),
            Err(error) => assert_eq!(
                error.kind(),
                ErrorKind::Mismatch,
                "{}: {error} for {}",
                case.name,
                value.expected()
            ),
        }
    }
    decoder.finish().unwrap();
}

/// Values that were taken out undecoded decode later, in any order, twice.
fn raw(case: &Case, stream: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let taken: Vec<RawValue> = std::iter::from_fn(|| decoder.take().unwrap()).collect();
    decoder.finish().unwrap();
    drop(decoder);
    assert_eq!(taken.len(), case.values.len(), "{}", case.name);
    for (raw, value) in taken.iter().zip(&case.values).rev() {
        for _ in 0..2 {
            assert_eq!(
                value.decode_raw(raw).unwrap(),
                value.expected(),
                "{}",
                case.name
            );
        }
        raw.schema().unwrap();
    }
}

fn random_chunks(mut rest: &[u8], mut seed: u64) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    let largest = rest.len().max(16) as u64 / 4;
    while !rest.is_empty() {
        // A linear congruential generator is random enough to cut by.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let length = ((seed >> 33) % largest) as usize + 1;
        let (chunk, after) = rest.split_at(length.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
