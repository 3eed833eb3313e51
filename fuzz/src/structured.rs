//! Streams that are made from types and values, and then changed in one place.

use gobrpc_codec::{Decoder, Encoder, Limits, Prepared, Value};

use crate::made::{Made, Source, Style};
use crate::readers::{agree, written_again};

/// A stream of made-up types and values decodes to these values, and all readers
/// find the same in it; after a change of one place they still agree, and nothing
/// panics.
///
/// # Panics
///
/// If not.
pub fn structured(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let change = Change {
        how: source.byte(),
        place: usize::from(source.byte()) << 8 | usize::from(source.byte()),
        byte: source.byte(),
    };
    let inline = source.byte() % 2 == 1;
    let mut encoder = Encoder::new();
    if inline {
        encoder = encoder.inline_types();
    }
    let (mut stream, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..1 + source.below(3) {
        let made = Made::new(&mut source, Style::Any, 4);
        for value in made.values {
            let appended = Prepared::from_value_as(&value, &made.schema)
                .and_then(|prepared| encoder.append(&prepared, &mut stream));
            assert!(appended.is_ok(), "{:?} of {value:?}", appended.err());
            sent.push(value);
        }
    }
    assert_eq!(values(&stream), sent);
    let fault = agree(&stream);
    assert!(fault.is_none(), "{fault:?}");
    assert_eq!(written_again(&stream).as_ref(), Some(&stream));
    change.apply(&mut stream);
    agree(&stream);
    written_again(&stream);
    crate::skip(&stream);
}

fn values(stream: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::with_limits(Limits::default());
    decoder.feed(stream);
    std::iter::from_fn(|| decoder.decode_value().ok().flatten()).collect()
}

/// A change of one place.
struct Change {
    how: u8,
    place: usize,
    byte: u8,
}

impl Change {
    fn apply(&self, stream: &mut Vec<u8>) {
        let place = self.place % stream.len().max(1);
        match self.how % 4 {
            0 => stream.truncate(place),
            1 => stream.insert(place, self.byte),
            2 if place < stream.len() => drop(stream.remove(place)),
            _ => {
                if let Some(byte) = stream.get_mut(place) {
                    *byte = self.byte;
                }
            }
        }
    }
}
