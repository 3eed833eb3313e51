//! [`HashKey`]: what calls that belong together have in common.

/// What calls that belong together have in common: a user, a session, a shard.
///
/// The hash is the same in every process and every release: clients agree on
/// where a key lives.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::balance::HashKey;
///
/// assert_eq!(HashKey::of("user-17"), HashKey::of(b"user-17"));
/// assert_ne!(HashKey::of("user-17"), HashKey::of("user-18"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashKey(u64);

impl HashKey {
    /// The key of some bytes.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        // FNV-1a, whose weak high bits `mix` repairs.
        let hash = bytes
            .as_ref()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(mix(hash))
    }

    /// The key of a number.
    #[must_use]
    pub const fn of_number(number: u64) -> Self {
        Self(mix(number))
    }

    pub(crate) const fn hash(self) -> u64 {
        self.0
    }
}

/// Makes every bit depend on every bit: the finalizer of splitmix64 (Steele, Lea
/// and Flood 2014; the constants are Stafford's variant 13).
pub(crate) const fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_never_change() {
        // Computed once by this code: a client of another release must agree.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(HashKey::of("").hash(), mix(0xcbf2_9ce4_8422_2325));
        assert_eq!(HashKey::of("a").hash(), mix(0xaf63_dc4c_8601_ec8c));
    }
}
