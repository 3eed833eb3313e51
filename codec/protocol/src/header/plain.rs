//! [`PlainHeader`]: the header of most frames, read and written by hand.

use gobrpc_codec::{TypeId, WireKind};

use super::field;

/// A header with a method and a number, and nothing else: that of nearly every call
/// and reply. It has the same bytes from Go and from us.
///
/// Headers are half of the messages of a connection, so they are worth it: this
/// takes an eighth of what a plan takes. What it does not know is decoded by the
/// plan, and says what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainHeader<'a> {
    /// Service and method, which need not be UTF-8.
    pub(crate) service_method: &'a [u8],
    pub(crate) seq: u64,
}

/// Ids that Go gives to types that it knows (`type.go`, `tUint`, `tString`).
const UINT: i32 = 3;
const STRING: i32 = 6;

impl<'a> PlainHeader<'a> {
    /// True if values of this type may be plain headers: their first two fields are
    /// the ones that a plain header has.
    pub(crate) fn fits(kind: &WireKind) -> bool {
        let WireKind::Struct { fields } = kind else {
            return false;
        };
        let is = |place: usize, name, id| {
            let field = fields.get(place);
            field.is_some_and(|field| field.name == name && field.id == id)
        };
        is(0, field::SERVICE_METHOD.1, STRING) && is(1, field::SEQ.1, UINT)
    }

    /// The header in these bytes of a value, if they are one.
    #[inline]
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let [1, length, rest @ ..] = value else {
            return None;
        };
        // A length of 0x80 and more takes more than a byte.
        let length = usize::from(*length);
        if length >= 0x80 {
            return None;
        }
        let (service_method, rest) = rest.split_at_checked(length)?;
        let seq = match rest {
            // The first call's number is left out, as it is 0.
            [0] => 0,
            [1, short, 0] if *short < 0x80 => u64::from(*short),
            [1, count, digits @ .., 0] => {
                let count = usize::from(count.wrapping_neg());
                if count > 8 || digits.len() != count {
                    return None;
                }
                digits
                    .iter()
                    .fold(0, |seq, &digit| seq << 8 | u64::from(digit))
            }
            _ => return None,
        };
        Some(Self {
            service_method,
            seq,
        })
    }

    /// Appends the header as a message, whose type has the id that was given to it
    /// on this stream. False if it is not short, and then nothing is appended.
    #[inline]
    pub(crate) fn write(self, id: TypeId, output: &mut Vec<u8>) -> bool {
        // Room for the length, the id, both fields and the end.
        let mut head = [0; HEAD_MAX];
        let mut tail = [0; TAIL_MAX];
        let name = self.service_method.len();
        let id_length = put(&mut head, 1, (i64::from(id.get()) as u64) << 1);
        // A name that is empty is left out.
        if name == 0 || name > NAME_MAX {
            return false;
        }
        let mut ahead = 1 + id_length;
        if let Some([field, length]) = head.get_mut(ahead..ahead + 2) {
            (*field, *length) = (1, name as u8);
        }
        ahead += 2;
        let mut behind = 1;
        if self.seq != 0 {
            tail[0] = 1;
            behind += 1 + put(&mut tail, 1, self.seq);
        }
        head[0] = (ahead - 1 + name + behind) as u8;
        output.reserve(HEAD_MAX + NAME_MAX + TAIL_MAX);
        // Appends of fixed size and truncations are cheaper than appends whose sizes
        // depend on values.
        let start = output.len();
        output.extend_from_slice(&head);
        output.truncate(start + ahead);
        output.extend_from_slice(self.service_method);
        output.extend_from_slice(&tail);
        output.truncate(start + ahead + name + behind);
        true
    }
}

/// Bytes before the name: the length of the message, the id, a field's delta and the
/// length of the name.
const HEAD_MAX: usize = 1 + 9 + 1 + 1;
/// Bytes behind it: a field's delta, the number and the end.
const TAIL_MAX: usize = 1 + 9 + 1;
/// A longer name may make a message whose length takes more than a byte.
const NAME_MAX: usize = 0x7f - (HEAD_MAX - 1) - TAIL_MAX;

/// Writes an unsigned integer as gob does, and gives the bytes that it took.
#[inline]
fn put<const N: usize>(into: &mut [u8; N], at: usize, value: u64) -> usize {
    if value < 0x80 {
        if let Some(place) = into.get_mut(at) {
            *place = value as u8;
        }
        return 1;
    }
    let skip = value.leading_zeros() as usize / 8;
    let bytes = (value << (skip * 8)).to_be_bytes();
    if let Some((count, digits)) = into.get_mut(at..at + 9).and_then(<[u8]>::split_first_mut) {
        *count = (8 - skip as u8).wrapping_neg();
        digits.copy_from_slice(&bytes);
    }
    9 - skip
}

#[cfg(test)]
mod tests {
    use gobrpc_codec::{Decoder, Encoder};

    use super::super::{GoRequest, Header};
    use super::*;

    /// What the encoder writes for a header, the definition of its type apart, and
    /// the id of that.
    fn encoded(header: &Header<'_>) -> (TypeId, Vec<u8>) {
        let mut encoder = Encoder::new();
        let mut definition = Vec::new();
        encoder
            .encode(&GoRequest(&Header::default()), &mut definition)
            .unwrap();
        let mut message = Vec::new();
        encoder.encode(&GoRequest(header), &mut message).unwrap();
        let id = encoder.id_of::<GoRequest<'_, '_>>().unwrap();
        let mut decoder = Decoder::new();
        decoder.feed(&definition);
        decoder.skip().unwrap();
        assert!(PlainHeader::fits(
            &decoder.types().get(id.get()).unwrap().kind
        ));
        (id, message)
    }

    #[test]
    fn it_reads_and_writes_what_the_codec_does() {
        let longest = "m".repeat(NAME_MAX);
        for name in ["A.B", "Arith.Multiply", &longest] {
            let seqs = (0..64).map(|shift| 1_u64 << shift);
            for seq in seqs
                .flat_map(|seq| [seq - 1, seq, seq + 1])
                .chain([u64::MAX])
            {
                let header = Header {
                    service_method: name.into(),
                    seq,
                    ..Header::default()
                };
                let (id, message) = encoded(&header);
                let plain = PlainHeader {
                    service_method: name.as_bytes(),
                    seq,
                };
                let mut written = Vec::new();
                assert!(plain.write(id, &mut written));
                assert_eq!(written, message, "{name} {seq}");
                let (_, id_bytes) = encoded(&Header::default());
                // The id takes as many bytes in any message; one is the length's, one
                // the end of the empty header.
                let value = message.get(id_bytes.len() - 1..).unwrap();
                assert_eq!(PlainHeader::read(value), Some(plain));
                for end in 0..value.len() {
                    assert_eq!(PlainHeader::read(&value[..end]), None);
                }
            }
        }
    }

    #[test]
    fn what_is_more_is_left_to_the_codec() {
        let (id, _) = encoded(&Header::default());
        for name in ["", &*"m".repeat(NAME_MAX + 1)] {
            let mut output = vec![1];
            let plain = PlainHeader {
                service_method: name.as_bytes(),
                seq: 1,
            };
            assert!(!plain.write(id, &mut output));
            assert_eq!(output, [1]);
        }
        for value in [
            &[0][..],
            &[2, 1, 0],                                           // No method.
            &[1, 1, b'A', 2, 1, b'e', 0],                         // An error.
            &[1, 1, b'A', 1, 1, 1, 1, b'e', 0],                   // A number and an error.
            &[1, 1, b'A', 1, 1, 0, 0],                            // Bytes behind it.
            &[1, 1, b'A', 1, 0xf7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], // Nine digits.
            &[1, 1, b'A', 1, 0xff, 0],                            // A digit too few.
            &[1, 1, b'A', 1, 0xfe, 1, 0],
            &[1, 0xff, 1, b'A', 0], // A longer form of a length.
        ] {
            assert_eq!(PlainHeader::read(value), None, "{value:?}");
        }
    }
}
