//! Many numbers one after the other: nine bytes are ahead of nearly each, so that
//! one look at the length does for all of them.

use super::Reader;
use crate::steps::steps;

/// A number is never longer.
const LONGEST: usize = 9;

/// Fewer are read one by one.
const FEW: usize = 8;

impl Reader<'_, '_> {
    /// Reads numbers up to `count` of them, while they are sure not to pass the end of
    /// the value.
    ///
    /// The last few are left, and if there is a fault, so are those before it: who
    /// reads them one by one says which is wrong, and why.
    #[inline]
    pub(crate) fn numbers<T: Default>(
        &mut self,
        count: usize,
        items: &mut Vec<T>,
        number: impl Fn(u64) -> Option<T>,
    ) {
        loop {
            let before = items.len();
            let sure = count.saturating_sub(before).min(self.rest.len() / LONGEST);
            if sure < FEW {
                return;
            }
            steps(sure);
            let (mut rest, mut good) = (self.rest, true);
            items.extend((0..sure).map(|_| {
                next(&mut rest).and_then(&number).unwrap_or_else(|| {
                    good = false;
                    T::default()
                })
            }));
            if !good {
                items.truncate(before);
                return;
            }
            self.rest = rest;
        }
    }
}

#[inline]
fn next(rest: &mut &[u8]) -> Option<u64> {
    let &[first, ref eight @ ..] = rest.first_chunk::<LONGEST>()?;
    if first < 0x80 {
        *rest = rest.get(1..)?;
        return Some(u64::from(first));
    }
    let count = usize::from(first.wrapping_neg());
    if count > 8 {
        return None;
    }
    *rest = rest.get(1 + count..)?;
    Some(u64::from_be_bytes(*eight) >> (64 - 8 * count))
}
