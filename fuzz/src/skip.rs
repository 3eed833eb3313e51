//! Skipping beside decoding.

use gobrpc_codec::{Decoder, Error, ErrorKind, RawValue, Result};

/// Skipping a stream finds the values and faults that taking and decoding them
/// finds; a value that decodes can be skipped as a part of another one, and one
/// that cannot be skipped does not decode.
///
/// # Panics
///
/// If the ways differ.
pub fn skip(bytes: &[u8]) {
    let (skipped, at_end) = outcomes(bytes, |decoder| Ok(decoder.skip()?.then_some(())));
    let (taken, end) = outcomes(bytes, Decoder::take);
    assert_eq!(kinds(&skipped), kinds(&taken));
    assert_eq!(at_end, end);
    // A value error does not move the next value.
    let (decoded, end) = outcomes(bytes, |decoder| decoder.decode::<()>());
    assert_eq!(decoded.len(), taken.len());
    assert_eq!(at_end, end);
    for raw in taken.into_iter().flatten() {
        parts(&raw);
    }
}

/// `()` takes any struct and skips all its fields.
fn parts(raw: &RawValue) {
    let value = raw.to_value().map(|_| ());
    match (value, raw.decode::<()>()) {
        (_, Err(error)) if error.kind() == ErrorKind::Mismatch => {}
        (Ok(()), skipped) => assert!(skipped.is_ok(), "decodes, but {:?}", skipped.err()),
        (Err(_), Err(_)) => {}
        // A value takes memory, and types that it does not need must be known.
        (Err(error), Ok(())) => assert!(
            error.kind() == ErrorKind::Limit || error.message().contains("was not defined"),
            "is skipped, but {error}"
        ),
    }
}

/// Every value and error of a stream, and what its end says.
fn outcomes<T>(
    bytes: &[u8],
    mut next: impl FnMut(&mut Decoder) -> Result<Option<T>>,
) -> (Vec<Result<T>>, Option<ErrorKind>) {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let mut outcomes = Vec::new();
    loop {
        match next(&mut decoder) {
            Ok(Some(value)) => outcomes.push(Ok(value)),
            Ok(None) => break,
            Err(error) => {
                let fatal = error.is_fatal();
                outcomes.push(Err(error));
                if fatal {
                    break;
                }
            }
        }
    }
    let end = decoder.finish().err().as_ref().map(Error::kind);
    (outcomes, end)
}

fn kinds<T>(outcomes: &[Result<T>]) -> Vec<Option<ErrorKind>> {
    let kind = |outcome: &Result<T>| outcome.as_ref().err().map(Error::kind);
    outcomes.iter().map(kind).collect()
}
