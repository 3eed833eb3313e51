//! Any bytes in one piece and in several.

use gobrpc_codec::Decoder;
use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::{Event, Inspector};

/// A stream gives the same values, events, lines and errors however it is cut: in
/// one piece, byte by byte, by sevens, and at places that the bytes decide.
///
/// # Panics
///
/// If the cut makes a difference.
pub fn chunked(bytes: &[u8]) {
    let whole = [bytes.len().max(1)];
    let random: Vec<usize> = cuts(bytes);
    let decoded = decoded(bytes, &whole);
    let inspected = inspected(bytes, &whole);
    let dumped = dumped(bytes, &whole);
    for lengths in [&[1][..], &[7], &random] {
        assert_eq!(decoded, self::decoded(bytes, lengths));
        assert_eq!(inspected, self::inspected(bytes, lengths));
        assert_eq!(dumped, self::dumped(bytes, lengths));
    }
}

/// Lengths of pieces, other ones for other bytes.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let mut state = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let length = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Short ones mostly.
        1 + (state % 64 * (state >> 32 & 3)) as usize
    };
    (0..8).map(length).collect()
}

/// The stream in pieces of these lengths, over and over.
fn pieces<'a>(mut bytes: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let length = (*lengths.next()?).min(bytes.len());
        let (piece, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn decoded(bytes: &[u8], lengths: &[usize]) -> Vec<String> {
    let mut decoder = Decoder::new();
    let mut outcomes = Vec::new();
    for piece in pieces(bytes, lengths) {
        decoder.feed(piece);
        loop {
            match decoder.take() {
                Ok(Some(raw)) => {
                    let value = raw.to_value();
                    outcomes.push(format!("{raw:?} {:x?} {value:?}", raw.bytes()));
                }
                Ok(None) => break,
                Err(error) => {
                    let fatal = error.is_fatal();
                    outcomes.push(error.to_string());
                    if fatal {
                        return outcomes;
                    }
                }
            }
        }
    }
    if let Err(error) = decoder.finish() {
        outcomes.push(error.to_string());
    }
    outcomes
}

fn inspected(bytes: &[u8], lengths: &[usize]) -> Vec<String> {
    let mut inspector = Inspector::new();
    let mut events = Vec::new();
    for piece in pieces(bytes, lengths) {
        inspector.feed(piece);
        loop {
            match inspector.next_event() {
                Ok(Some(Event::Bytes(bytes))) => events.push(format!("{} bytes", bytes.len())),
                Ok(Some(event)) => events.push(format!("{event:?}")),
                Ok(None) => break,
                Err(error) => {
                    events.push(error.to_string());
                    return events;
                }
            }
        }
    }
    if let Err(error) = inspector.finish() {
        events.push(error.to_string());
    }
    events
}

fn dumped(bytes: &[u8], lengths: &[usize]) -> String {
    let mut dumper = Dumper::new();
    let mut text = Vec::new();
    for piece in pieces(bytes, lengths) {
        dumper.feed(piece);
        let written = dumper.write_to(&mut text);
        assert!(written.is_ok(), "a vector takes all that is written");
    }
    let finished = dumper.finish(&mut text);
    assert!(finished.is_ok(), "a vector takes all that is written");
    // What follows a fault is shown as it comes.
    let text = String::from_utf8_lossy(&text);
    let read = text.lines().filter(|line| !line.ends_with("not read"));
    read.collect::<Vec<_>>().join("\n")
}
