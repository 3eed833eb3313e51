//! [`TypeId`]: the number of a type in a stream.

use std::fmt;

use crate::error::{Error, Result};

/// The number of a wire type in one stream ([spec](crate::spec) 3; `type.go`,
/// `typeId`).
///
/// Ids below 64 are predefined, those from 64 up belong to the stream.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, TypeId, to_vec};
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&22_i64)?);
/// assert_eq!(decoder.peek_type()?, Some(TypeId::INT));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(i32);

impl TypeId {
    /// A boolean.
    pub const BOOL: Self = Self(1);
    /// A signed integer.
    pub const INT: Self = Self(2);
    /// An unsigned integer.
    pub const UINT: Self = Self(3);
    /// A float.
    pub const FLOAT: Self = Self(4);
    /// A byte slice.
    pub const BYTES: Self = Self(5);
    /// A string.
    pub const STRING: Self = Self(6);
    /// A complex number.
    pub const COMPLEX: Self = Self(7);
    /// An interface.
    pub const INTERFACE: Self = Self(8);
    /// The first id of a stream's own types. Go's `doc.go` says 65, its code 64
    /// (`type.go`, `firstUserId`).
    pub const FIRST_USER: Self = Self(64);

    /// The id with this number, unless it is 0 or negative.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        if number > 0 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// An id as it was read: Go truncates it to 32 bits, we do not.
    pub(crate) fn from_wire(number: i64) -> Result<Self> {
        i32::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| Error::malformed(format!("{number} is no type id")))
    }

    /// The place of a stream's own type among them.
    pub(crate) fn user_index(self) -> Option<usize> {
        usize::try_from(self.0.checked_sub(Self::FIRST_USER.0)?).ok()
    }
}

impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
