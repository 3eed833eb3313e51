//! Types that travel as one of ours.

/// Makes a type travel as another one, which it converts into and from: to a
/// stream it is the same type.
///
/// Both conversions are closures that may fail.
macro_rules! travels_as {
    ($rust:ty, $go:ty, $into:expr, $from:expr) => {
        impl $crate::Gob for $rust {
            type Static = <$go as $crate::Gob>::Static;
            fn describe(schema: &mut $crate::SchemaBuilder) -> $crate::Edge {
                <$go as $crate::Gob>::describe(schema)
            }
        }

        impl $crate::Encode for $rust {
            fn encode(&self, writer: &mut $crate::Writer) -> $crate::Result<()> {
                let into: fn(&Self) -> $crate::Result<$go> = $into;
                into(self).and_then(|value| $crate::Encode::encode(&value, writer))
            }
            /// What does not convert is not zero, so that it fails in `encode`.
            fn is_zero(&self) -> bool {
                let into: fn(&Self) -> $crate::Result<$go> = $into;
                into(self).is_ok_and(|value| $crate::Encode::is_zero(&value))
            }
            fn is_zero_pointee(&self) -> bool {
                let into: fn(&Self) -> $crate::Result<$go> = $into;
                into(self).is_ok_and(|value| $crate::Encode::is_zero_pointee(&value))
            }
        }

        impl<'de> $crate::Decode<'de> for $rust {
            fn decode(
                reader: &mut $crate::Reader<'de, '_>,
                plan: $crate::NodeId,
            ) -> $crate::Result<Self> {
                let from: fn($go) -> $crate::Result<Self> = $from;
                let start = reader.offset();
                let value = <$go as $crate::Decode<'de>>::decode(reader, plan)?;
                from(value).map_err(|error| error.at_offset(start))
            }
            fn zero() -> $crate::Result<Self> {
                let from: fn($go) -> $crate::Result<Self> = $from;
                from(<$go as $crate::Decode<'_>>::zero()?)
            }
        }
    };
}

pub(super) use travels_as;
