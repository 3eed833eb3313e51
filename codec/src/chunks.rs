//! [`Chunks`]: a list whose copies share what they have in common.

use std::sync::Arc;

use crate::steps::steps;

/// How many items share a reference. A change to a list of `n` items that was
/// copied copies this many items, and `n` divided by it references.
const LENGTH: usize = 128;

/// A list that is copied often and changes little: a stream's types, of which
/// each value that is kept has a copy from its time.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    /// All but the last are full.
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Clone for Chunks<T> {
    fn clone(&self) -> Self {
        steps(self.chunks.len());
        Self {
            chunks: self.chunks.clone(),
        }
    }
}

impl<T> Chunks<T> {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / LENGTH)?.get(index % LENGTH)
    }

    pub(crate) fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * LENGTH + last.len(),
            None => 0,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items from this one on.
    pub(crate) fn from(&self, index: usize) -> impl Iterator<Item = &T> {
        (index..).map_while(|index| self.get(index))
    }
}

impl<T: Clone> Chunks<T> {
    pub(crate) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < LENGTH => Arc::make_mut(last).push(item),
            _ => self.chunks.push(Arc::new(vec![item])),
        }
    }

    /// Puts an item in the place of another one; nothing if there is none.
    pub(crate) fn set(&mut self, index: usize, item: T) {
        if let Some(chunk) = self.chunks.get_mut(index / LENGTH)
            && let Some(slot) = Arc::make_mut(chunk).get_mut(index % LENGTH)
        {
            *slot = item;
        }
    }
}

impl<T: Clone> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::default();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_has() {
        let mut list = Chunks::default();
        let mut copies = Vec::new();
        for number in 0..1000 {
            copies.push(list.clone());
            list.push(number);
        }
        list.set(0, 7);
        list.set(1000, 8);
        for (length, copy) in copies.iter().enumerate() {
            assert_eq!(copy.len(), length);
            assert!(copy.iter().copied().eq(0..length as i32));
            assert!(copy.from(500).copied().eq(500..length as i32));
            assert_eq!(copy.get(length), None);
        }
        assert_eq!(
            (list.len(), list.get(0), list.get(999)),
            (1000, Some(&7), Some(&999))
        );
    }

    /// A change copies one chunk and no more.
    #[test]
    fn copies_share_chunks() {
        let list: Chunks<i32> = (0..1000).collect();
        let mut copy = list.clone();
        copy.set(5, 0);
        copy.push(1);
        let chunks = list.chunks.iter().zip(&copy.chunks);
        let shared = chunks.filter(|(one, other)| Arc::ptr_eq(one, other));
        assert_eq!(shared.count(), 1000 / LENGTH - 1);
    }
}
