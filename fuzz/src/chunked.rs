//! Any bytes in one piece and byte by byte.

use gobrpc_codec::Decoder;

/// A stream gives the same values and the same error however it is cut.
///
/// # Panics
///
/// If the cut makes a difference.
pub fn chunked(bytes: &[u8]) {
    let whole = outcomes(bytes, bytes.len().max(1));
    assert_eq!(whole, outcomes(bytes, 1));
    assert_eq!(whole, outcomes(bytes, 7));
}

fn outcomes(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut decoder = Decoder::new();
    let mut outcomes = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.feed(piece);
        loop {
            match decoder.take() {
                Ok(Some(raw)) => outcomes.push(format!("{raw:?} {:x?}", raw.bytes())),
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
