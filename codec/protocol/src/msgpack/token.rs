//! [`Token`]: one item of msgpack, without what is inside of it.

use rmp::Marker;

/// An item. Lists and maps are told by the number of what follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    /// What is larger than an `i64`.
    Uint(u64),
    Float(f64),
    /// A text, or bytes: before 2013 msgpack did not tell them apart.
    Raw(&'a [u8]),
    /// Bytes for certain.
    Bin(&'a [u8]),
    Array(u32),
    Map(u32),
    Ext(i8, &'a [u8]),
}

/// How long an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes in front of what it holds.
    pub(super) head: usize,
    /// Bytes that it holds.
    pub(super) body: usize,
    /// Items that follow and belong to it.
    pub(super) items: u64,
}

impl Size {
    const fn of(head: usize, body: usize) -> Self {
        Self {
            head,
            body,
            items: 0,
        }
    }

    const fn around(head: usize, items: u64) -> Self {
        Self {
            head,
            body: 0,
            items,
        }
    }
}

/// The size of the item that begins here: `Ok(None)` if that takes more bytes.
///
/// # Errors
///
/// If it is the one marker that msgpack never uses.
pub(super) fn size(input: &[u8]) -> Result<Option<Size>, Reserved> {
    let Some((&first, rest)) = input.split_first() else {
        return Ok(None);
    };
    // A length of so many bytes, behind the marker.
    let length = |bytes: usize| {
        let digits = rest.get(..bytes)?;
        Some(
            digits
                .iter()
                .fold(0_u64, |length, &digit| (length << 8) | u64::from(digit)),
        )
    };
    let holding = |bytes: usize, more: usize| {
        let body = usize::try_from(length(bytes)?).unwrap_or(usize::MAX);
        Some(Size::of(1 + bytes + more, body))
    };
    let around = |bytes: usize, each: u64| Some(Size::around(1 + bytes, each * length(bytes)?));
    Ok(match Marker::from_u8(first) {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
            Some(Size::of(1, 0))
        }
        Marker::U8 | Marker::I8 => Some(Size::of(1, 1)),
        Marker::U16 | Marker::I16 => Some(Size::of(1, 2)),
        Marker::U32 | Marker::I32 | Marker::F32 => Some(Size::of(1, 4)),
        Marker::U64 | Marker::I64 | Marker::F64 => Some(Size::of(1, 8)),
        Marker::FixStr(length) => Some(Size::of(1, length.into())),
        Marker::Str8 | Marker::Bin8 => holding(1, 0),
        Marker::Str16 | Marker::Bin16 => holding(2, 0),
        Marker::Str32 | Marker::Bin32 => holding(4, 0),
        Marker::FixArray(items) => Some(Size::around(1, items.into())),
        Marker::Array16 => around(2, 1),
        Marker::Array32 => around(4, 1),
        Marker::FixMap(entries) => Some(Size::around(1, 2 * u64::from(entries))),
        Marker::Map16 => around(2, 2),
        Marker::Map32 => around(4, 2),
        Marker::FixExt1 => Some(Size::of(2, 1)),
        Marker::FixExt2 => Some(Size::of(2, 2)),
        Marker::FixExt4 => Some(Size::of(2, 4)),
        Marker::FixExt8 => Some(Size::of(2, 8)),
        Marker::FixExt16 => Some(Size::of(2, 16)),
        Marker::Ext8 => holding(1, 1),
        Marker::Ext16 => holding(2, 1),
        Marker::Ext32 => holding(4, 1),
        Marker::Reserved => return Err(Reserved),
    })
}

/// The marker 0xc1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reserved;

impl<'a> Token<'a> {
    /// Takes the next item off; `None` if it is not whole, or none.
    pub(super) fn take(input: &mut &'a [u8]) -> Option<Self> {
        let Size { head, body, items } = size(input).ok()??;
        let (item, rest) = input.split_at_checked(head.checked_add(body)?)?;
        let (head, body) = item.split_at_checked(head)?;
        let marker = Marker::from_u8(*head.first()?);
        let bits = || {
            body.iter()
                .fold(0, |bits: u64, &byte| (bits << 8) | u64::from(byte))
        };
        let signed = || {
            // The sign is the first bit of what there is.
            let shift = 64 - 8 * body.len() as u32;
            (bits().wrapping_shl(shift) as i64).wrapping_shr(shift)
        };
        let count = |each: u64| u32::try_from(items / each).ok();
        let token = match marker {
            Marker::Null => Self::Nil,
            Marker::True => Self::Bool(true),
            Marker::False => Self::Bool(false),
            Marker::FixPos(number) => Self::Int(number.into()),
            Marker::FixNeg(number) => Self::Int(number.into()),
            Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => match i64::try_from(bits()) {
                Ok(number) => Self::Int(number),
                Err(_) => Self::Uint(bits()),
            },
            Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64 => Self::Int(signed()),
            Marker::F32 => Self::Float(f32::from_bits(u32::try_from(bits()).ok()?).into()),
            Marker::F64 => Self::Float(f64::from_bits(bits())),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => Self::Raw(body),
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => Self::Bin(body),
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => Self::Array(count(1)?),
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => Self::Map(count(2)?),
            // Its type is the last byte in front of what it holds.
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32 => Self::Ext(i8::from_be_bytes([*head.last()?]), body),
            Marker::Reserved => return None,
        };
        *input = rest;
        Some(token)
    }

    /// What it is, in words for an error.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Uint(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Raw(_) => "a string",
            Self::Bin(_) => "bytes",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Ext(..) => "an extension",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_all_forms() {
        for (bytes, number) in [
            (&[0x7f][..], 127),
            (&[0xff], -1),
            (&[0xe0], -32),
            (&[0xcc, 200], 200),
            (&[0xcd, 1, 0], 256),
            (&[0xce, 0, 0, 0, 5], 5),
            (
                &[0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                i64::MAX,
            ),
            (&[0xd0, 0x80], -128),
            (&[0xd1, 0x80, 0], -32_768),
            (&[0xd2, 0xff, 0xff, 0xff, 0xfe], -2),
            (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], i64::MIN),
        ] {
            let mut input = bytes;
            assert_eq!(Token::take(&mut input), Some(Token::Int(number)));
            assert!(input.is_empty());
            // Cut anywhere it is none, and nothing is taken.
            for end in 0..bytes.len() {
                let mut cut = &bytes[..end];
                assert_eq!(Token::take(&mut cut), None);
                assert_eq!(cut.len(), end);
            }
        }
        let mut most = &[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..];
        assert_eq!(Token::take(&mut most), Some(Token::Uint(u64::MAX)));
        let mut half = &[0xca, 0x3f, 0, 0, 0][..];
        assert_eq!(Token::take(&mut half), Some(Token::Float(0.5)));
    }

    #[test]
    fn an_extension_has_its_type_behind_its_length() {
        let mut input = &[0xc7, 2, 0xff, 7, 8, 0xc0][..];
        assert_eq!(Token::take(&mut input), Some(Token::Ext(-1, &[7, 8])));
        assert_eq!(input, [0xc0]);
        let mut input = &[0xd4, 5, 9][..];
        assert_eq!(Token::take(&mut input), Some(Token::Ext(5, &[9])));
        assert_eq!(size(&[0xc1]), Err(Reserved));
    }
}
