//! Random values, and what of them arrives.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;

use gobrpc_codec::{DecodeOwned, Encode, Gob};

/// Random enough, and small.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// A value as its field of a struct, or elsewhere: only fields are left out, and
/// only they can be nil.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum At {
    Field,
    Elsewhere,
}

pub(crate) trait Sample: Encode + DecodeOwned + PartialEq + std::fmt::Debug {
    fn random(rng: &mut Rng, at: At) -> Self;
    /// What arrives when it is sent, by the table in the README.
    fn arrives(&self, at: At) -> Self;
}

macro_rules! scalar {
    ($($ty:ty: $($value:expr),*;)*) => {$(
        impl Sample for $ty {
            fn random(rng: &mut Rng, _at: At) -> Self {
                rng.pick(&[$($value),*])
            }
            fn arrives(&self, _at: At) -> Self {
                *self
            }
        }
    )*};
}

scalar! {
    i64: 0, 1, -1, 63, -65, i64::MIN, i64::MAX;
    u8: 0, 1, 127, 128, 255;
    u16: 0, 1, 300;
    bool: false, true;
    char: '\0', 'a', '\u{10ffff}';
}

impl Sample for f64 {
    fn random(rng: &mut Rng, _at: At) -> Self {
        rng.pick(&[0.0, 17.0, -0.5, 1e300, Self::INFINITY, Self::MIN_POSITIVE])
    }
    fn arrives(&self, _at: At) -> Self {
        *self
    }
}

impl Sample for String {
    fn random(rng: &mut Rng, _at: At) -> Self {
        rng.pick(&["", "a", "héllo", "0123456789 0123456789"])
            .to_owned()
    }
    fn arrives(&self, _at: At) -> Self {
        self.clone()
    }
}

fn several<T: Sample, C: FromIterator<T>>(rng: &mut Rng) -> C {
    (0..rng.below(4))
        .map(|_| T::random(rng, At::Elsewhere))
        .collect()
}

fn elsewhere<'a, T: Sample + 'a, C: FromIterator<T>>(items: impl IntoIterator<Item = &'a T>) -> C {
    items
        .into_iter()
        .map(|item| item.arrives(At::Elsewhere))
        .collect()
}

macro_rules! collection {
    ($($ty:ident: $($bound:ident)*;)*) => {$(
        impl<T: Sample $(+ $bound)*> Sample for $ty<T> {
            fn random(rng: &mut Rng, _at: At) -> Self {
                several(rng)
            }
            fn arrives(&self, _at: At) -> Self {
                elsewhere(self)
            }
        }
    )*};
}

collection! {
    Vec:;
    VecDeque:;
    BTreeSet: Ord;
    HashSet: Eq Hash;
}

impl<T: Sample> Sample for [T; 2] {
    fn random(rng: &mut Rng, _at: At) -> Self {
        [T::random(rng, At::Elsewhere), T::random(rng, At::Elsewhere)]
    }
    fn arrives(&self, _at: At) -> Self {
        [
            self[0].arrives(At::Elsewhere),
            self[1].arrives(At::Elsewhere),
        ]
    }
}

impl<T: Sample> Sample for Option<T> {
    fn random(rng: &mut Rng, at: At) -> Self {
        if at == At::Field && rng.below(3) == 0 {
            return None;
        }
        Some(T::random(rng, At::Elsewhere))
    }
    /// `Some(0)` in a field arrives as `None`.
    fn arrives(&self, at: At) -> Self {
        if at == At::Field && self.is_zero() {
            return None;
        }
        self.as_ref().map(|value| value.arrives(At::Elsewhere))
    }
}

macro_rules! pointer {
    ($($ty:ident)*) => {$(
        impl<T: Sample> Sample for $ty<T> {
            fn random(rng: &mut Rng, at: At) -> Self {
                Self::new(T::random(rng, at))
            }
            fn arrives(&self, at: At) -> Self {
                Self::new(T::arrives(self, at))
            }
        }
    )*};
}

pointer!(Box Rc Arc);

impl<T: Sample + Clone> Sample for Cow<'static, T> {
    fn random(rng: &mut Rng, at: At) -> Self {
        Cow::Owned(T::random(rng, at))
    }
    fn arrives(&self, at: At) -> Self {
        Cow::Owned(T::arrives(self, at))
    }
}

macro_rules! map {
    ($($ty:ident: $($bound:ident)*;)*) => {$(
        impl<K: Sample $(+ $bound)*, V: Sample> Sample for $ty<K, V> {
            fn random(rng: &mut Rng, _at: At) -> Self {
                (0..rng.below(4))
                    .map(|_| (K::random(rng, At::Elsewhere), V::random(rng, At::Elsewhere)))
                    .collect()
            }
            fn arrives(&self, _at: At) -> Self {
                self.iter()
                    .map(|(key, value)| (key.arrives(At::Elsewhere), value.arrives(At::Elsewhere)))
                    .collect()
            }
        }
    )*};
}

map! {
    HashMap: Eq Hash;
    BTreeMap: Ord;
}

impl<A: Sample, B: Sample> Sample for (A, B) {
    fn random(rng: &mut Rng, _at: At) -> Self {
        (A::random(rng, At::Field), B::random(rng, At::Field))
    }
    fn arrives(&self, _at: At) -> Self {
        (self.0.arrives(At::Field), self.1.arrives(At::Field))
    }
}

/// A struct.
#[derive(Gob, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Struct<T> {
    before: i64,
    value: T,
    after: String,
}

impl<T: Sample> Sample for Struct<T> {
    fn random(rng: &mut Rng, _at: At) -> Self {
        Self {
            before: i64::random(rng, At::Field),
            value: T::random(rng, At::Field),
            after: String::random(rng, At::Field),
        }
    }
    fn arrives(&self, _at: At) -> Self {
        Self {
            before: self.before,
            value: self.value.arrives(At::Field),
            after: self.after.clone(),
        }
    }
}

/// A newtype.
#[derive(Gob, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct New<T>(pub(crate) T);

impl<T: Sample> Sample for New<T> {
    fn random(rng: &mut Rng, at: At) -> Self {
        Self(T::random(rng, at))
    }
    fn arrives(&self, at: At) -> Self {
        Self(self.0.arrives(at))
    }
}
