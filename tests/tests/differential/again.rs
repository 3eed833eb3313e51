//! A `Value` alone makes a stream that says the same: to us, and to Go.

use gobrpc_codec::{Decoder, Value};

use crate::judged::fixed;
use crate::outcome::Outcome;
use crate::peer::Peer;
use crate::random::encode;

/// The values of a stream, if all of it is good.
fn values(stream: &[u8]) -> Option<Vec<Value>> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut values = Vec::new();
    while let Some(value) = decoder.decode_value().ok()? {
        values.push(value);
    }
    decoder.finish().ok()?;
    Some(values)
}

/// All streams that are good, whoever made them: Go finds the same values in ours, be
/// the types of interface values defined before or where Go does it.
#[test]
fn values_of_all_streams_are_encoded_again() {
    let Some(mut peer) = Peer::new() else {
        return;
    };
    let (mut count, mut judged) = (0, 0);
    for (name, stream) in fixed() {
        let Some(values) = values(&stream) else {
            continue;
        };
        let before = Outcome::ours(&stream);
        let go = Outcome::of_go(&mut peer, &stream).ok();
        // Where Go reads another thing, `streams_of_others` has the reason.
        let go = go.filter(|go| go.error.is_none());
        for inline in [false, true] {
            let again = encode(&values, inline);
            assert_eq!(Outcome::ours(&again), before, "{name}, inline {inline}");
            if let Some(go) = &go {
                let ours = Outcome::of_go(&mut peer, &again);
                assert_eq!(
                    ours.as_ref(),
                    Ok(go),
                    "{name}, inline {inline}: {again:02x?}"
                );
                judged += go.lines.len();
            }
        }
        count += values.len();
    }
    println!("{count} values were encoded again, and Go judged {judged}");
    assert!(count > 1000 && judged > 1000, "{count} and {judged}");
}
