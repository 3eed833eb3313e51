//! Values out of bytes that the caller holds: the same as out of the decoder's own.

use gobrpc_codec::{Decoder, Encoder, Gob, Interface, Limits, to_vec};

#[derive(Gob, Debug, PartialEq, Clone)]
struct Line<'a> {
    text: &'a str,
    number: i64,
}

#[derive(Gob, Debug, PartialEq)]
struct Held {
    any: Interface,
    number: i64,
}

const LINES: [Line<'_>; 3] = [
    Line {
        text: "one",
        number: 1,
    },
    Line {
        text: "",
        number: 0,
    },
    Line {
        text: "a longer one, of more than a hundred and twenty-eight bytes, so that its length takes two bytes, which may be cut apart as well, and it is",
        number: -3,
    },
];

fn stream() -> Vec<u8> {
    let (mut encoder, mut stream) = (Encoder::new(), Vec::new());
    for line in &LINES {
        encoder.encode(line, &mut stream).unwrap();
    }
    stream
}

#[test]
fn cut_anywhere() {
    let stream = stream();
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let mut decoder = Decoder::new();
            let mut count = 0;
            let parts = [&stream[..first], &stream[first..second], &stream[second..]];
            for mut part in parts {
                while let Some(line) = decoder.decode_from::<Line<'_>>(&mut part).unwrap() {
                    assert_eq!(line, LINES[count]);
                    count += 1;
                }
                assert!(part.is_empty());
            }
            assert_eq!(count, 3, "cut at {first} and {second}");
            assert_eq!(decoder.offset(), stream.len() as u64);
            decoder.finish().unwrap();
        }
    }
}

#[test]
fn whole_messages_are_borrowed() {
    let stream = stream();
    let mut rest = &stream[..];
    let mut decoder = Decoder::new();
    let line: Line<'_> = decoder.decode_from(&mut rest).unwrap().unwrap();
    let place = line.text.as_ptr() as usize - stream.as_ptr() as usize;
    assert_eq!(&stream[place..place + 3], b"one");
    assert!(decoder.buffer().is_empty());
}

#[test]
fn what_was_fed_comes_first() {
    let stream = stream();
    let mut decoder = Decoder::new();
    let (fed, mut rest) = stream.split_at(stream.len() - 30);
    decoder.feed(fed);
    // Looked at, and left where it is.
    assert!(decoder.peek().unwrap().is_some());
    for line in &LINES {
        assert_eq!(decoder.decode_from(&mut rest).unwrap().as_ref(), Some(line));
    }
    assert!(rest.is_empty());
    // And the other way round.
    let (mut input, fed) = stream.split_at(stream.len() - 30);
    let mut decoder = Decoder::new();
    for line in &LINES[..2] {
        assert_eq!(
            decoder.decode_from(&mut input).unwrap().as_ref(),
            Some(line)
        );
    }
    assert_eq!(decoder.decode_from::<Line<'_>>(&mut input).unwrap(), None);
    decoder.feed(fed);
    assert_eq!(decoder.decode().unwrap().as_ref(), Some(&LINES[2]));
}

#[test]
fn values_in_many_messages() {
    let held = Held {
        any: Interface::of("main.Line", &LINES[2].number).unwrap(),
        number: 7,
    };
    let mut stream = Vec::new();
    Encoder::new()
        .inline_types()
        .encode(&held, &mut stream)
        .unwrap();
    for cut in 0..=stream.len() {
        let (mut first, mut second) = stream.split_at(cut);
        let mut decoder = Decoder::new();
        let value = match decoder.decode_from::<Held>(&mut first).unwrap() {
            Some(value) => value,
            None => decoder.decode_from(&mut second).unwrap().unwrap(),
        };
        assert_eq!(value, held);
    }
}

#[test]
fn after_a_fault() {
    // A value that does not fit is consumed.
    let stream = [to_vec(&"text").unwrap(), to_vec(&7_i64).unwrap()].concat();
    let mut rest = &stream[..];
    let mut decoder = Decoder::new();
    let error = decoder.decode_from::<i64>(&mut rest).unwrap_err();
    assert!(!error.is_fatal());
    assert_eq!(decoder.decode_from(&mut rest).unwrap(), Some(7_i64));
    // A stream that is lost stays so, and says where.
    let mut decoder = Decoder::with_limits(Limits::default().with_message_bytes(7));
    let mut rest = &stream[..];
    assert_eq!(decoder.decode_from(&mut rest).unwrap(), Some("text"));
    let mut long = &[0x08, 0, 0][..];
    decoder.decode_from::<i64>(&mut rest).unwrap();
    let error = decoder.decode_from::<i64>(&mut long).unwrap_err();
    assert!(
        error.is_fatal() && error.to_string().contains("message_bytes"),
        "{error}"
    );
    assert_eq!(error.offset(), Some(stream.len() as u64));
    let mut good = &stream[..];
    assert!(
        decoder
            .decode_from::<&str>(&mut good)
            .unwrap_err()
            .is_fatal()
    );
}
