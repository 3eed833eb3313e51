//! The values of the workloads, once for each family of derives: their attributes
//! would get into each other's way on one struct.

/// A small generator (Knuth's MMIX constants), the same in `benchcodec/values.go`.
pub struct Seeded(u64);

impl Seeded {
    /// The generator of a workload.
    #[must_use]
    pub const fn new() -> Self {
        Self(42)
    }

    /// The next number, below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A text of letters.
    pub fn text(&mut self, length: u64) -> String {
        (0..length)
            .map(|_| char::from(b'a' + self.below(26) as u8))
            .collect()
    }
}

impl Default for Seeded {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! shapes {
    ($family:ident, $doc:literal, [$($derive:path),*], $blob:ty) => {
        #[doc = $doc]
        pub mod $family {
            #![allow(missing_docs, reason = "the fields of Go's shapes, there for their types")]
            use std::collections::HashMap;

            use super::Seeded;

            /// Two numbers.
            #[derive(Debug, Clone, Default, PartialEq, $($derive),*)]
            pub struct Point {
                pub x: i64,
                pub y: i64,
            }

            #[derive(Debug, Clone, Default, PartialEq, $($derive),*)]
            pub struct Place {
                pub street: String,
                pub city: String,
                pub zip: i64,
            }

            /// Twelve fields of most kinds.
            #[derive(Debug, Clone, Default, PartialEq, $($derive),*)]
            pub struct Mixed {
                pub number: u64,
                pub name: String,
                pub email: String,
                pub age: i64,
                pub score: f64,
                pub active: bool,
                pub tags: Vec<String>,
                pub data: $blob,
                pub created: i64,
                pub place: Place,
                pub counts: Vec<i64>,
                pub note: Option<String>,
            }

            /// A node of a tree.
            #[derive(Debug, Clone, Default, PartialEq, $($derive),*)]
            pub struct Node {
                pub value: i64,
                pub left: Option<Box<Node>>,
                pub right: Option<Box<Node>>,
            }

            pub fn tiny() -> Point {
                Point { x: 22, y: -33 }
            }

            fn mixed_of(seeded: &mut Seeded) -> Mixed {
                Mixed {
                    number: seeded.below(1 << 30),
                    name: seeded.text(12),
                    email: seeded.text(20),
                    age: seeded.below(100) as i64,
                    score: seeded.below(1_000_000) as f64 / 7.0,
                    active: true,
                    tags: (0..3).map(|_| seeded.text(6)).collect(),
                    data: seeded.text(16).into_bytes().into(),
                    created: 1_700_000_000_000 + seeded.below(1 << 30) as i64,
                    place: Place {
                        street: seeded.text(15),
                        city: seeded.text(8),
                        zip: seeded.below(100_000) as i64,
                    },
                    counts: (0..4).map(|_| seeded.below(1000) as i64 - 500).collect(),
                    note: Some(seeded.text(10)),
                }
            }

            pub fn mixed() -> Mixed {
                mixed_of(&mut Seeded::new())
            }

            pub fn thousand() -> Vec<Mixed> {
                let mut seeded = Seeded::new();
                (0..1000).map(|_| mixed_of(&mut seeded)).collect()
            }

            pub fn map() -> HashMap<String, i64> {
                let mut seeded = Seeded::new();
                (0..1000)
                    .map(|n| (format!("{}{n:04}", seeded.text(8)), seeded.below(1 << 30) as i64))
                    .collect()
            }

            pub fn floats() -> Vec<f64> {
                let mut seeded = Seeded::new();
                (0..10_000).map(|_| seeded.below(1 << 30) as f64 / 3.0).collect()
            }

            pub fn blob() -> Vec<u8> {
                let mut seeded = Seeded::new();
                (0..1 << 20).map(|_| seeded.below(256) as u8).collect()
            }

            pub fn strings() -> Vec<String> {
                let mut seeded = Seeded::new();
                (0..1000)
                    .map(|_| {
                        let length = 10 + seeded.below(20);
                        seeded.text(length)
                    })
                    .collect()
            }

            pub fn tree() -> Node {
                fn node(seeded: &mut Seeded, depth: u32) -> Node {
                    let child = |seeded: &mut Seeded| {
                        (depth > 1).then(|| Box::new(node(seeded, depth - 1)))
                    };
                    Node {
                        value: seeded.below(1 << 20) as i64 + 1,
                        left: child(seeded),
                        right: child(seeded),
                    }
                }
                // 2^12 - 1 = 4,095 nodes.
                node(&mut Seeded::new(), 12)
            }
        }
    };
}

shapes!(ours, "For gobrpc's derive.", [gobrpc_codec::Gob], Vec<u8>);
shapes!(theirs, "For gobwire's derive.", [gobwire::Gob], Vec<u8>);
shapes!(
    by_serde,
    "For serde, with bytes as the formats want them.",
    [serde::Serialize, serde::Deserialize],
    serde_bytes::ByteBuf
);
