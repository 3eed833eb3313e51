//! `uuid::Uuid` as the `uuid.UUID` of google/uuid.

use ::uuid::Uuid as Theirs;

use crate::go::Uuid;
use crate::go::travel::travels_as;

impl From<Theirs> for Uuid {
    fn from(id: Theirs) -> Self {
        Self(id.into_bytes())
    }
}

impl From<Uuid> for Theirs {
    fn from(id: Uuid) -> Self {
        Self::from_bytes(id.0)
    }
}

travels_as!(Theirs, Uuid, |id: &Self| Ok(Uuid::from(*id)), |id| Ok(
    Self::from(id)
));
