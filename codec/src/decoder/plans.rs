//! [`PlanCache`]: the plans of a stream.

use std::any::TypeId as RustType;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::plan::Plan;
use crate::types::{KeyHasher, TypeId, TypeTable};
use crate::value::StreamTypes;
use crate::{Gob, Limits, Schema};

/// The plans of one stream, by local type and wire type, shared by all who decode
/// its values.
#[derive(Debug)]
pub(crate) struct PlanCache {
    limits: Limits,
    /// The first plans, which are found without a lock, a hash and a count: most
    /// streams need no others.
    first: [OnceLock<(RustType, TypeId, Arc<Plan>)>; FIRST],
    plans: Mutex<Plans>,
    /// The types for values that are decoded without a local type.
    dynamic: Mutex<Option<Arc<StreamTypes>>>,
}

/// Headers, and the bodies of a few methods.
const FIRST: usize = 6;

/// A plan of a cache.
pub(crate) enum PlanRef<'c> {
    First(&'c Plan),
    Shared(Arc<Plan>),
}

impl Deref for PlanRef<'_> {
    type Target = Plan;

    #[inline]
    fn deref(&self) -> &Plan {
        match self {
            Self::First(plan) => plan,
            Self::Shared(plan) => plan,
        }
    }
}

#[derive(Debug, Default)]
struct Plans {
    known: HashMap<(RustType, TypeId), Known, BuildHasherDefault<KeyHasher>>,
    /// Bytes of memory that the plans own, or that those owned which came to
    /// nothing.
    weight: usize,
}

#[derive(Debug)]
enum Known {
    Plan(Arc<Plan>),
    /// Types that do not fit, kept so that a peer cannot have them compared again
    /// and again.
    Failed {
        error: Error,
        /// How many types the table had, and how often they were compared.
        types: usize,
        tries: u8,
    },
}

/// How often types are compared in vain, if one is not defined: more types may come.
const MOST_TRIES: u8 = 8;

impl Known {
    /// The error, if it would be the same in a table of so many types. What does not
    /// fit never will, as a type is defined once.
    fn lasting_error(&self, count: usize) -> Option<&Error> {
        match self {
            Self::Failed {
                error,
                types,
                tries,
            } if error.kind() != ErrorKind::Malformed
                || *types == count
                || *tries >= MOST_TRIES =>
            {
                Some(error)
            }
            _ => None,
        }
    }

    fn tries(&self) -> u8 {
        match self {
            Self::Plan(_) => 0,
            Self::Failed { tries, .. } => *tries,
        }
    }
}

impl PlanCache {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            first: [const { OnceLock::new() }; FIRST],
            plans: Mutex::default(),
            dynamic: Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The plan by which values of `wire` become values of `T`.
    ///
    /// A peer chooses wire types and we choose local ones, so there are no more
    /// plans than `Limits::types` for each type that the program asks for. But
    /// all of them may lead to the same large graph, so that their total size is
    /// limited too.
    #[inline]
    pub(crate) fn get<T: Gob>(&self, types: &TypeTable, wire: TypeId) -> Result<PlanRef<'_>> {
        let key = (RustType::of::<T::Static>(), wire);
        for first in &self.first {
            match first.get() {
                Some((rust, id, plan)) if *id == wire && *rust == key.0 => {
                    return Ok(PlanRef::First(plan));
                }
                Some(_) => {}
                None => break,
            }
        }
        self.other(types, key, T::schema).map(PlanRef::Shared)
    }

    fn other(
        &self,
        types: &TypeTable,
        key: (RustType, TypeId),
        schema: fn() -> &'static Schema,
    ) -> Result<Arc<Plan>> {
        let (room, tries) = {
            let plans = self.lock();
            let known = plans.known.get(&key);
            if let Some(Known::Plan(plan)) = known {
                return Ok(Arc::clone(plan));
            }
            if let Some(error) = known.and_then(|known| known.lasting_error(types.len())) {
                return Err(error.clone());
            }
            let room = self.room().saturating_sub(plans.weight);
            (room, known.map_or(0, Known::tries))
        };
        // Compiled without the lock; two at once come to the same.
        let mut left = room;
        let compiled = Plan::compile(types, key.1, schema(), &mut left).map(Arc::new);
        let mut plans = self.lock();
        plans.weight += room - left;
        let known = match &compiled {
            Ok(plan) => {
                self.remember(key, plan);
                Known::Plan(Arc::clone(plan))
            }
            Err(error) => Known::Failed {
                error: error.clone(),
                types: types.len(),
                tries: tries + 1,
            },
        };
        plans.known.insert(key, known);
        compiled
    }

    fn remember(&self, key: (RustType, TypeId), plan: &Arc<Plan>) {
        let mut first = (key.0, key.1, Arc::clone(plan));
        for slot in &self.first {
            match slot.set(first) {
                Ok(()) => return,
                Err(taken) => first = taken,
            }
        }
    }

    /// All types of a table, for values that are decoded without a local type.
    ///
    /// They may be those of a later table of the stream, which has them all.
    pub(crate) fn dynamic(&self, types: &TypeTable) -> Arc<StreamTypes> {
        let mut known = self.dynamic.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(Arc::default);
        if !known.covers(types) {
            // Copied if another thread decodes by it just now.
            Arc::make_mut(known).extend(types);
        }
        Arc::clone(known)
    }

    /// Plans are made from definitions, and so may take some times what these
    /// take.
    fn room(&self) -> usize {
        self.limits
            .type_bytes
            .saturating_mul(16)
            .saturating_add(64 << 10)
    }

    fn lock(&self) -> MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
