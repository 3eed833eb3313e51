//! [`Random`]: any.

use super::{Picker, Question};

/// Any endpoint, each as likely as the others.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Random;

impl Random {
    /// Any endpoint.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Picker for Random {
    fn pick(&self, question: &Question<'_>) -> Option<usize> {
        match question.endpoints().len() {
            0 => None,
            len => Some(fastrand::usize(..len)),
        }
    }
}
