//! The tokio-util codec, driven by hand as `Framed` does.
#![cfg(feature = "framed")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test may panic")]

use bytes::{BufMut, BytesMut};
use gobrpc_codec::{ErrorKind, Gob, GobCodec, Limits, to_vec};
use tokio_util::codec::{Decoder, Encoder};

#[derive(Gob, Debug, PartialEq, Clone)]
struct Point {
    x: i64,
    y: i64,
}

fn points() -> Vec<Point> {
    (0..100).map(|x| Point { x, y: x * x }).collect()
}

fn wire() -> BytesMut {
    let mut codec = GobCodec::<(), Point>::new();
    let mut wire = BytesMut::new();
    for point in points() {
        codec.encode(point, &mut wire).unwrap();
    }
    wire
}

#[test]
fn bytes_come_in_pieces_of_any_size() {
    let wire = wire();
    for step in [1, 2, 7, 64, wire.len()] {
        let mut codec = GobCodec::<Point, ()>::default();
        let mut src = BytesMut::new();
        let mut came = Vec::new();
        for piece in wire.chunks(step) {
            src.put_slice(piece);
            while let Some(point) = codec.decode(&mut src).unwrap() {
                came.push(point);
            }
            assert!(src.is_empty());
        }
        assert_eq!(codec.decode_eof(&mut src).unwrap(), None);
        assert_eq!(came, points());
    }
}

#[test]
fn the_end_may_bring_values() {
    let mut src = wire();
    let mut codec = GobCodec::<Point, ()>::new();
    let mut came = Vec::new();
    while let Some(point) = codec.decode_eof(&mut src).unwrap() {
        came.push(point);
    }
    assert_eq!(came, points());
}

#[test]
fn an_early_end_is_an_error() {
    let wire = to_vec(&Point { x: 1, y: 2 }).unwrap();
    for end in 0..wire.len() {
        let mut codec = GobCodec::<Point, ()>::new();
        let mut src = BytesMut::from(&wire[..end]);
        assert_eq!(codec.decode(&mut src).unwrap(), None);
        match codec.decode_eof(&mut src) {
            Ok(value) => assert!(end == 0 && value.is_none()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated),
        }
    }
}

#[test]
fn a_failed_value_writes_nothing() {
    let limits = Limits::default().with_message_bytes(50);
    let mut codec = GobCodec::<(), String>::with_limits(limits);
    let mut wire = BytesMut::new();
    codec.encode("short".into(), &mut wire).unwrap();
    let length = wire.len();
    let error = codec.encode("x".repeat(100), &mut wire).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(wire.len(), length);
    codec.encode("again".into(), &mut wire).unwrap();
    let mut codec = GobCodec::<String, ()>::new();
    assert_eq!(codec.decode(&mut wire).unwrap().as_deref(), Some("short"));
    assert_eq!(codec.decode(&mut wire).unwrap().as_deref(), Some("again"));
}

#[test]
fn a_length_buys_no_memory() {
    let mut codec = GobCodec::<Point, ()>::new();
    let mut src = BytesMut::from(&[0xfd, 0xff, 0xff, 0xff][..]);
    assert_eq!(codec.decode(&mut src).unwrap(), None);
    assert!(src.capacity() <= 128 << 10);
}
