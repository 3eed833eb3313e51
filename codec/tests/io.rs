//! Streams over `std::io`: readers that are slow, end early or fail.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::{self, Read, Write};

use gobrpc_codec::{
    ErrorKind, Gob, Interface, Limits, Prepared, ReadDecoder, Value, WriteEncoder, from_slice,
    to_vec,
};

#[derive(Gob, Debug, PartialEq, Clone)]
struct Point {
    x: i64,
    y: Option<i64>,
}

/// Gives a few bytes at a time, and is interrupted between.
struct Trickle<'a> {
    rest: &'a [u8],
    step: usize,
    interrupted: bool,
    largest: usize,
}

impl<'a> Trickle<'a> {
    fn new(rest: &'a [u8], step: usize) -> Self {
        Self {
            rest,
            step,
            interrupted: false,
            largest: 0,
        }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.largest = self.largest.max(buf.len());
        let count = self.step.min(self.rest.len()).min(buf.len());
        let (head, rest) = self.rest.split_at(count);
        buf[..count].copy_from_slice(head);
        self.rest = rest;
        Ok(count)
    }
}

fn stream() -> Vec<u8> {
    let mut values = WriteEncoder::new(Vec::new());
    values.encode(&Point { x: 1, y: None }).unwrap();
    values.encode("text").unwrap();
    values.encode(&vec![Point { x: 2, y: Some(3) }]).unwrap();
    values.encode(&vec![7_u8; 200_000]).unwrap();
    values.flush().unwrap();
    values.into_inner()
}

#[test]
fn values_come_one_by_one() {
    let stream = stream();
    for step in [1, 7, 1000, 1 << 20] {
        let mut values = ReadDecoder::new(Trickle::new(&stream, step));
        assert_eq!(values.decode().unwrap(), Some(Point { x: 1, y: None }));
        assert_eq!(values.decode_value().unwrap(), Some(Value::from("text")));
        let raw = values.take().unwrap().unwrap();
        assert_eq!(
            raw.decode::<Vec<Point>>().unwrap(),
            [Point { x: 2, y: Some(3) }]
        );
        assert!(values.skip().unwrap());
        assert_eq!(values.offset(), stream.len() as u64);
        // The end is the end, however often one asks.
        assert_eq!(values.decode::<i64>().unwrap(), None);
        assert!(!values.skip().unwrap());
        assert!(values.take().unwrap().is_none());
        assert!(values.decode_value().unwrap().is_none());
        assert_eq!(values.types().len(), 2);
        assert!(values.get_ref().largest <= 64 << 10);
    }
}

#[test]
fn every_prefix_is_truncated_or_clean() {
    let first = to_vec(&Point { x: 1, y: None }).unwrap();
    let stream = [first.clone(), to_vec(&5_i64).unwrap()].concat();
    for end in 0..=stream.len() {
        let mut values = ReadDecoder::new(&stream[..end]);
        let error = loop {
            match values.decode_value() {
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let clean = [0, first.len(), stream.len()].contains(&end);
        match error {
            None => assert!(clean, "at {end}"),
            Some(error) => {
                assert!(!clean, "at {end}: {error}");
                assert_eq!(error.kind(), ErrorKind::Truncated);
                assert_eq!(error.offset(), Some(end as u64));
            }
        }
    }
}

/// A length of 16 MiB and no more: nothing is allocated for it.
#[test]
fn a_length_buys_no_memory() {
    let mut values = ReadDecoder::new(&[0xfd, 0xff, 0xff, 0xff, 0, 0, 0][..]);
    assert_eq!(
        values.decode_value().unwrap_err().kind(),
        ErrorKind::Truncated
    );
    let (_, mut decoder) = values.into_parts();
    assert!(decoder.buffer().capacity() <= 256 << 10);
}

/// A long stream takes no more memory than its longest value.
#[test]
fn memory_is_constant() {
    let mut values = WriteEncoder::new(Vec::new());
    for x in 0..100_000 {
        values.encode(&Point { x, y: None }).unwrap();
    }
    let stream = values.into_inner();
    assert!(stream.len() > 500_000);
    let mut values = ReadDecoder::new(Trickle::new(&stream, 10_000));
    let mut sum = 0;
    while let Some(point) = values.decode::<Point>().unwrap() {
        sum += point.x;
    }
    assert_eq!(sum, (0..100_000).sum());
    let (_, mut decoder) = values.into_parts();
    assert!(
        decoder.buffer().capacity() <= 512 << 10,
        "{}",
        decoder.buffer().capacity()
    );
}

/// A value that does not fit is not the end of the stream.
#[test]
fn the_stream_goes_on_after_a_mismatch() {
    let stream = stream();
    let mut values = ReadDecoder::new(stream.as_slice());
    let error = values.decode::<String>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(!error.is_fatal());
    assert_eq!(values.decode::<String>().unwrap().as_deref(), Some("text"));
}

#[test]
fn limits_are_heeded() {
    let limits = Limits::default().with_message_bytes(100);
    let stream = stream();
    let mut values = ReadDecoder::with_limits(stream.as_slice(), limits);
    for _ in 0..3 {
        assert!(values.skip().unwrap());
    }
    let error = values.skip().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.is_fatal());
    assert!(values.skip().is_err());

    let mut values = WriteEncoder::with_limits(Vec::new(), limits);
    assert_eq!(
        values.encode(&vec![1_u8; 200]).unwrap_err().kind(),
        ErrorKind::Limit
    );
    values.encode(&1_i64).unwrap();
    assert_eq!(values.into_inner(), to_vec(&1_i64).unwrap());
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable is out"))
    }
}

#[test]
fn failures_of_the_reader() {
    let stream = to_vec(&7_i64).unwrap();
    let mut values = ReadDecoder::new(stream.as_slice().chain(Broken));
    assert_eq!(values.decode::<i64>().unwrap(), Some(7));
    let error = values.decode::<i64>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.message(), "the cable is out");
}

/// Takes so many bytes and then fails.
struct Full {
    room: usize,
    taken: Vec<u8>,
}

impl Write for Full {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let count = buf.len().min(self.room);
        self.room -= count;
        self.taken.extend_from_slice(&buf[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn failures_of_the_writer() {
    let mut values = WriteEncoder::new(Full {
        room: 6,
        taken: vec![],
    });
    values.encode(&1_i64).unwrap();
    let error = values.encode(&2_i64).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    // What was written of the second value is not taken back, so nothing follows.
    assert_eq!(values.encode(&3_i64).unwrap_err().kind(), ErrorKind::Io);
    assert!(values.flush().is_err());
    assert_eq!(values.into_inner().taken.len(), 6);
}

#[test]
fn values_without_types() {
    let value = Value::of(&Point { x: 1, y: Some(2) }).unwrap();
    let mut values = WriteEncoder::new(Vec::new());
    values.encode_value(&value).unwrap();
    values.encode_value(&value).unwrap();
    values.append(&Prepared::new(&3_i64).unwrap()).unwrap();
    let unnamed = Value::Interface(Interface::new("", 1_i64.into()));
    assert!(values.encode_value(&unnamed).is_err());
    let stream = values.into_inner();
    assert_eq!(
        from_slice::<Point>(&stream).unwrap(),
        Point { x: 1, y: Some(2) }
    );
    let mut values = ReadDecoder::new(stream.as_slice());
    assert_eq!(values.decode_value().unwrap(), Some(value.clone()));
    assert_eq!(values.decode_value().unwrap(), Some(value));
    assert_eq!(values.decode_value().unwrap(), Some(Value::Int(3)));
    assert_eq!(values.decode_value().unwrap(), None);
}
