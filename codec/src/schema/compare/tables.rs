//! Comparing the types of two streams.

use std::collections::{BTreeMap, HashSet};

use super::{Comparing, Comparison, Difference, DifferenceKind};
use crate::schema::{Edge, Schema};
use crate::types::{DEFINITION_TYPES, TypeId, TypeTable};
use crate::value::StreamTypes;

impl TypeTable {
    /// What becomes of values of this stream that a peer reads as those of
    /// `reader`.
    ///
    /// Types pair up by their names, since ids mean nothing in another stream:
    /// Go gives them out in the order in which a program happens to need them. Of
    /// the types without a name, those that no other type refers to pair up in
    /// order. A difference is told once, at the type that it is in.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, Result, to_vec};
    ///
    /// mod v1 {
    ///     #[derive(gobrpc_codec::Gob)]
    ///     pub struct Job { pub id: u64, pub owner: String }
    /// }
    /// mod v2 {
    ///     #[derive(gobrpc_codec::Gob)]
    ///     pub struct Job { pub id: u64, pub owner: String, pub retries: u32 }
    /// }
    ///
    /// /// A decoder that has read all of a stream.
    /// fn read(stream: &[u8]) -> Result<Decoder> {
    ///     let mut decoder = Decoder::new();
    ///     decoder.feed(stream);
    ///     while decoder.skip()? {}
    ///     Ok(decoder)
    /// }
    ///
    /// let old = read(&to_vec(&v1::Job { id: 1, owner: "Ann".into() })?)?;
    /// let new = read(&to_vec(&v2::Job { id: 1, owner: "Ann".into(), retries: 3 })?)?;
    /// let upgraded = old.types().compatible_with(new.types());
    /// assert!(upgraded.is_lossless());
    /// let rolled_back = new.types().compatible_with(old.types());
    /// assert!(rolled_back.is_compatible() && !rolled_back.is_lossless());
    /// assert_eq!(rolled_back.to_string(), "loses data: Job.Retries: the reader lacks this field\n");
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn compatible_with(&self, reader: &Self) -> Comparison {
        let (sent, wanted) = (StreamTypes::new(self), StreamTypes::new(reader));
        let (writer, reader) = (Types::new(self, &sent), Types::new(reader, &wanted));
        let mut comparing = Comparing::new(sent.schema(), wanted.schema());
        comparing.undefined = [&sent, &wanted].map(StreamTypes::undefined);
        let mut only = Vec::new();
        for (key, edges) in &writer.by_key {
            let others = reader.by_key.get(key).map_or(&[][..], Vec::as_slice);
            for (number, &edge) in edges.iter().enumerate() {
                let name = writer.name(edge);
                let alone = writer.is_alone(edge);
                match others.get(number) {
                    Some(&other) => {
                        comparing.root(edge, other, name, alone && reader.is_alone(other));
                    }
                    None if alone => only.push((name, DifferenceKind::Gone)),
                    None => {}
                }
            }
        }
        for (key, edges) in &reader.by_key {
            let paired = writer.by_key.get(key).map_or(0, Vec::len);
            for &edge in edges.iter().skip(paired) {
                if reader.is_alone(edge) {
                    only.push((reader.name(edge), DifferenceKind::New));
                }
            }
        }
        let mut comparison = comparing.run();
        let only = only.into_iter();
        comparison
            .differences
            .extend(only.map(|(path, kind)| Difference { path, kind }));
        comparison
    }

    /// The first type of this name that the stream has defined, by its id.
    ///
    /// # Examples
    ///
    /// Whether a Rust type fits what a stream holds:
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, Gob, to_vec};
    ///
    /// #[derive(Gob)]
    /// struct Job { id: u64 }
    ///
    /// let mut decoder = Decoder::new();
    /// decoder.feed(&to_vec(&Job { id: 7 })?);
    /// decoder.skip()?;
    /// let types = decoder.types();
    /// let id = types.named("Job").expect("the stream defines Job");
    /// assert!(types.schema(id)?.compatible_with(Job::schema()).is_empty());
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.ids()
            .filter(|id| self.get(id.get()).is_some_and(|wire| wire.name == *name))
            .min()
    }
}

/// The types of a stream by what they pair up by: their names, or that they
/// have none.
struct Types<'a> {
    schema: &'a Schema,
    by_key: BTreeMap<Option<Vec<u8>>, Vec<Edge>>,
    /// Types that others refer to.
    parts: HashSet<u32>,
}

impl<'a> Types<'a> {
    fn new(table: &TypeTable, types: &'a StreamTypes) -> Self {
        let schema: &'a Schema = types.schema();
        let definitions = DEFINITION_TYPES.filter_map(|id| types.place(id));
        let definitions: HashSet<u32> = definitions.map(|edge| edge.node).collect();
        let users = (0..).zip(schema.types());
        let parts = users
            .filter(|(place, _)| !definitions.contains(place))
            .map(|(_, ty)| ty)
            .flat_map(|ty| (0..).map_while(|index| ty.kind.part(index)))
            .map(|edge| edge.node)
            .collect();
        let mut types_by_key = Self {
            schema,
            by_key: BTreeMap::new(),
            parts,
        };
        let mut ids: Vec<TypeId> = table.ids().collect();
        ids.sort_unstable();
        for edge in ids.into_iter().filter_map(|id| types.place(id.get())) {
            let name = schema.get(edge).full_name().as_bytes();
            // Go spells out unnamed types that it meets as the types of fields.
            let key = match name.first() {
                None | Some(b'[' | b'*') => None,
                _ if name.starts_with(b"map[") || name.starts_with(b"struct {") => None,
                Some(_) => Some(name.to_owned()),
            };
            if key.is_some() || types_by_key.is_alone(edge) {
                types_by_key.by_key.entry(key).or_default().push(edge);
            }
        }
        types_by_key
    }

    /// True if no other type refers to it, so that values of it stand alone, as
    /// far as can be seen.
    fn is_alone(&self, edge: Edge) -> bool {
        !self.parts.contains(&edge.node)
    }

    fn name(&self, edge: Edge) -> String {
        match self.schema.get(edge).name() {
            "" => self.schema.go_string(edge),
            name => name.to_owned(),
        }
    }
}
