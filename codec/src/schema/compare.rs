//! [`Comparison`]: what becomes of values of one type that are read as another.

mod difference;
mod path;
mod tables;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::mem::discriminant;

pub use difference::{Difference, DifferenceKind, Effect};

use super::{Edge, FieldType, Kind, Opaque, Schema};
use path::{Place, Step};

/// What becomes of values of one type that are read as another: each
/// [`Difference`] of the two types, and whether it breaks the reader, loses data,
/// or does no harm.
///
/// It has a direction: values go from the *writer* to the *reader*. A deploy that
/// changes a type wants both, as old and new programs meet for a while; see
/// [`Schema::compatible_with`] for two types, [`TypeTable::compatible_with`] for
/// two streams.
///
/// The rules are those of Go's decoder (`decode.go`, `compatibleType` and
/// `compileDec`), which ours follows; where the two differ, the difference says
/// so. What cannot be seen in types is not in here: what interfaces hold, and
/// fields of a Go struct that stand in a struct embedded in it.
///
/// [`TypeTable::compatible_with`]: crate::TypeTable::compatible_with
///
/// # Examples
///
/// ```
/// use gobrpc_codec::Gob;
/// use gobrpc_codec::schema::Effect;
///
/// mod deployed {
///     #[derive(gobrpc_codec::Gob)]
///     pub struct User { pub name: String, pub age: i64 }
/// }
/// mod next {
///     #[derive(gobrpc_codec::Gob)]
///     pub struct User { pub name: String, pub age: i64, pub mail: String }
/// }
///
/// // The old program reads what the new one writes, but never sees the address.
/// let forth = next::User::schema().compatible_with(deployed::User::schema());
/// assert!(forth.is_compatible() && !forth.is_lossless());
/// // The other way nothing is lost.
/// let back = deployed::User::schema().compatible_with(next::User::schema());
/// assert_eq!(back.worst(), Some(Effect::Harmless));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    differences: Vec<Difference>,
    cut: bool,
}

/// Two graphs of types may pair up in as many ways as their sizes multiply to;
/// nobody reads that much, and a peer chooses its types.
const MOST_STEPS: usize = 1 << 20;
const MOST_DIFFERENCES: usize = 4096;

impl Comparison {
    /// All differences, outer types before inner ones.
    pub fn iter(&self) -> std::slice::Iter<'_, Difference> {
        self.differences.iter()
    }

    /// True if there is no difference at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && !self.cut
    }

    /// True if the reader takes the writer's values: nothing breaks, though data
    /// may be lost.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        !self.cut && self.worst() != Some(Effect::Breaks)
    }

    /// True if nothing breaks, fails or is lost.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        !self.cut && self.worst().is_none_or(|worst| worst == Effect::Harmless)
    }

    /// The worst that a difference does; `None` if there is none.
    #[must_use]
    pub fn worst(&self) -> Option<Effect> {
        self.iter().map(Difference::effect).max()
    }

    /// True if the types are so large that not all of them were compared.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

impl<'a> IntoIterator for &'a Comparison {
    type Item = &'a Difference;
    type IntoIter = std::slice::Iter<'a, Difference>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A line for each difference; nothing if there is none.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in self {
            writeln!(f, "{difference}")?;
        }
        if self.cut {
            writeln!(f, "the types are too large: not all of them were compared")?;
        }
        Ok(())
    }
}

impl Schema {
    /// What becomes of values of this type that a peer reads as `reader`.
    ///
    /// The reader's type may be that of a Rust type, one that a stream defined
    /// ([`TypeTable::schema`](crate::TypeTable::schema)), or one built at run time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::Gob;
    /// use gobrpc_codec::schema::Effect;
    ///
    /// mod old {
    ///     #[derive(gobrpc_codec::Gob)]
    ///     pub struct Person { pub name: String, pub zip: u32, pub nick: String }
    /// }
    /// mod new {
    ///     #[derive(gobrpc_codec::Gob)]
    ///     pub struct Person { pub name: String, pub zip: String, pub email: String }
    /// }
    ///
    /// let comparison = new::Person::schema().compatible_with(old::Person::schema());
    /// assert!(!comparison.is_compatible());
    /// assert_eq!(comparison.worst(), Some(Effect::Breaks));
    /// assert_eq!(comparison.to_string(), "\
    /// loses data: Person.Email: the reader calls this field Nick, as it seems
    /// breaks: Person.Zip: string does not fit uint32
    /// ");
    /// ```
    #[must_use]
    pub fn compatible_with(&self, reader: &Self) -> Comparison {
        let mut comparing = Comparing::new(self, reader);
        let name = match self.root_type().name() {
            "" => self.go_string(self.root),
            name => name.to_owned(),
        };
        comparing.root(self.root, reader.root, name, true);
        comparing.run()
    }
}

/// Two types that values of the writer are read by.
struct Pair {
    writer: Edge,
    reader: Edge,
    place: Place,
    /// Values stand alone, where Go wants a common field (`decode.go`,
    /// `decodeValue`).
    alone: bool,
}

struct Comparing<'a> {
    writer: &'a Schema,
    reader: &'a Schema,
    /// Pairs in the order in which they were met, and compared: no recursion,
    /// since chains of types may be long.
    pairs: Vec<Pair>,
    known: HashSet<(u32, u32)>,
    roots: Vec<String>,
    /// Places of types that the writer's and the reader's stream have not defined.
    undefined: [HashSet<u32>; 2],
    steps: usize,
    found: Comparison,
}

impl<'a> Comparing<'a> {
    fn new(writer: &'a Schema, reader: &'a Schema) -> Self {
        Self {
            writer,
            reader,
            pairs: Vec::new(),
            known: HashSet::new(),
            roots: Vec::new(),
            undefined: Default::default(),
            steps: 0,
            found: Comparison::default(),
        }
    }

    fn root(&mut self, writer: Edge, reader: Edge, name: String, alone: bool) {
        let place = Place::Root(self.roots.len());
        self.roots.push(name);
        self.meet(writer, reader, place, alone);
    }

    fn meet(&mut self, writer: Edge, reader: Edge, place: Place, alone: bool) {
        self.steps += 1;
        if self.known.insert((writer.node, reader.node)) {
            self.pairs.push(Pair {
                writer,
                reader,
                place,
                alone,
            });
        }
    }

    fn run(mut self) -> Comparison {
        let mut next = 0;
        while next < self.pairs.len() {
            if self.steps > MOST_STEPS || self.found.differences.len() > MOST_DIFFERENCES {
                self.found.cut = true;
                break;
            }
            self.compare(next);
            next += 1;
        }
        self.found
    }

    /// Notes a difference of a pair, or of a field of it.
    fn note(&mut self, pair: usize, field: Option<&FieldType>, kind: DifferenceKind) {
        let mut path = path::text(&self.pairs, self.writer, &self.roots, pair);
        if let Some(field) = field {
            path.push('.');
            path.push_str(field.name());
        }
        self.found.differences.push(Difference { path, kind });
    }

    fn compare(&mut self, index: usize) {
        let Some(pair) = self.pairs.get(index) else {
            return;
        };
        let (from, to) = (pair.writer, pair.reader);
        let [of_writer, of_reader] = &self.undefined;
        let of_writer = of_writer.contains(&from.node);
        if of_writer || of_reader.contains(&to.node) {
            return self.note(index, None, DifferenceKind::Undefined { of_writer });
        }
        let (writer, reader) = (self.writer.get(from), self.reader.get(to));
        match (&writer.kind, &reader.kind) {
            (Kind::Struct(sent), Kind::Struct(wanted)) => self.structs(index, sent, wanted),
            (Kind::Slice(sent), Kind::Slice(wanted)) => {
                self.part(index, Step::Elem, *sent, *wanted)
            }
            (Kind::Array(sent, length), Kind::Array(wanted, want)) => {
                if length == want {
                    self.part(index, Step::Elem, *sent, *wanted);
                } else {
                    let (writer, reader) = (*length, *want);
                    self.note(index, None, DifferenceKind::Length { writer, reader });
                }
            }
            (Kind::Map(sent_key, sent), Kind::Map(wanted_key, wanted)) => {
                self.part(index, Step::Key, *sent_key, *wanted_key);
                self.part(index, Step::Elem, *sent, *wanted);
            }
            (Kind::Opaque(sent), Kind::Opaque(wanted)) if sent == wanted => {
                // A definition that was first met by a pointer has no name.
                if writer.name != reader.name && !writer.name.is_empty() && !reader.name.is_empty()
                {
                    let kind = DifferenceKind::Payload {
                        writer: writer.name().to_owned(),
                        reader: reader.name().to_owned(),
                    };
                    self.note(index, None, kind);
                }
            }
            (sent, wanted) if sent == wanted => {
                if let (Some(bits), Some(room)) = (bits(writer.name()), bits(reader.name()))
                    && bits > room
                {
                    let kind = DifferenceKind::Range {
                        writer: writer.name().to_owned(),
                        reader: reader.name().to_owned(),
                    };
                    self.note(index, None, kind);
                }
            }
            _ => {
                let kind = DifferenceKind::Kind {
                    writer: describe(self.writer, from),
                    reader: describe(self.reader, to),
                };
                self.note(index, None, kind);
            }
        }
    }

    fn part(&mut self, index: usize, step: Step, sent: Edge, wanted: Edge) {
        self.meet(sent, wanted, Place::Part(index, step), false);
    }

    fn structs(&mut self, index: usize, sent: &'a [FieldType], wanted: &'a [FieldType]) {
        self.steps += sent.len() + wanted.len();
        let mut targets = Targets::new(wanted);
        let places: Vec<Option<usize>> = sent.iter().map(|field| targets.take(field)).collect();
        let alone = self.pairs.get(index).is_some_and(|pair| pair.alone);
        let none_in_common = places.iter().all(Option::is_none);
        if alone && none_in_common && !sent.is_empty() && !wanted.is_empty() {
            self.note(index, None, DifferenceKind::NoCommonField);
        }
        for (number, (field, place)) in sent.iter().zip(places).enumerate() {
            if let Some(target) = place.and_then(|place| wanted.get(place)) {
                if !is_exported(field.name()) {
                    self.note(index, Some(field), DifferenceKind::LowerCase);
                }
                self.part(index, Step::Field(number), field.edge, target.edge);
                continue;
            }
            let renamed = targets.spelled(field).or_else(|| {
                let other = wanted.get(number)?;
                let kind = |schema: &Schema, edge| discriminant(&schema.get(edge).kind);
                let alike = kind(self.writer, field.edge) == kind(self.reader, other.edge);
                (alike && targets.claim(number)).then_some(other)
            });
            let kind = match renamed {
                Some(reader) => DifferenceKind::Renamed {
                    reader: reader.name().to_owned(),
                },
                None => DifferenceKind::Unread,
            };
            self.note(index, Some(field), kind);
        }
        for (field, use_of) in wanted.iter().zip(targets.uses) {
            match use_of {
                Use::Read => {}
                _ if field.required => self.note(index, Some(field), DifferenceKind::Required),
                Use::Renamed => {}
                Use::Free => self.note(index, Some(field), DifferenceKind::Unsent),
            }
        }
    }
}

/// The fields of the reader's struct, and what becomes of them.
struct Targets<'a> {
    fields: &'a [FieldType],
    by_name: HashMap<&'a [u8], usize>,
    by_letters: HashMap<Vec<u8>, usize>,
    uses: Vec<Use>,
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Free,
    Read,
    /// It is likely that the writer has the field by another name.
    Renamed,
}

impl<'a> Targets<'a> {
    fn new(fields: &'a [FieldType]) -> Self {
        let numbered = || fields.iter().enumerate();
        Self {
            fields,
            by_name: numbered()
                .map(|(place, field)| (field.name.as_bytes(), place))
                .collect(),
            by_letters: numbered()
                .map(|(place, field)| (letters(field), place))
                .collect(),
            uses: vec![Use::Free; fields.len()],
        }
    }

    /// The place of the field that this one is read into.
    fn take(&mut self, field: &FieldType) -> Option<usize> {
        let place = *self.by_name.get(field.name.as_bytes())?;
        if let Some(use_of) = self.uses.get_mut(place) {
            *use_of = Use::Read;
        }
        Some(place)
    }

    /// The field that has the same name in another spelling.
    fn spelled(&mut self, field: &FieldType) -> Option<&'a FieldType> {
        let place = *self.by_letters.get(&letters(field))?;
        if self.claim(place) {
            self.fields.get(place)
        } else {
            None
        }
    }

    /// Takes a field as renamed, if it is free.
    fn claim(&mut self, place: usize) -> bool {
        match self.uses.get_mut(place) {
            Some(use_of @ Use::Free) => {
                *use_of = Use::Renamed;
                true
            }
            _ => false,
        }
    }
}

/// The same for `user_id`, `UserId` and `UserID`.
fn letters(field: &FieldType) -> Vec<u8> {
    field
        .name
        .as_bytes()
        .iter()
        .filter(|&&byte| byte != b'_')
        .map(u8::to_ascii_lowercase)
        .collect()
}

/// True if Go takes a field of this name (`type.go`, `isExported`): one that
/// begins with a letter of the category Lu.
fn is_exported(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|first| {
        // Upper-case letters to Rust also are Roman numerals and letters in
        // circles and squares.
        first.is_uppercase()
            && !matches!(u32::from(first),
                0x2160..=0x216f | 0x24b6..=0x24cf | 0x1f130..=0x1f189)
    })
}

/// How many bits a number of this Go type has; both ends of a stream may know.
fn bits(name: &str) -> Option<u32> {
    Some(match name {
        "int8" | "uint8" => 8,
        "int16" | "uint16" => 16,
        "int32" | "uint32" | "float32" | "complex64" => 32,
        "int" | "int64" | "uint" | "uint64" | "uintptr" | "float64" | "complex128" => 64,
        _ => return None,
    })
}

/// A type in a text: what Go calls it, and what it is unless that is plain.
fn describe(schema: &Schema, edge: Edge) -> String {
    let ty = schema.get(edge);
    let name = schema.go_string(Edge {
        pointers: 0,
        ..edge
    });
    match &ty.kind {
        Kind::Opaque(opaque) => {
            let kind = match opaque {
                Opaque::Gob => "GobEncoder",
                Opaque::Binary => "BinaryMarshaler",
                Opaque::Text => "TextMarshaler",
            };
            if ty.name.is_empty() {
                kind.to_owned()
            } else {
                format!("{name} ({kind})")
            }
        }
        kind if name == kind.word() || bits(&name).is_some() => name,
        Kind::Interface => "interface".to_owned(),
        kind => format!("{name} ({})", kind.word()),
    }
}
