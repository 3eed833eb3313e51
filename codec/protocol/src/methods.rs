//! [`Methods`]: values by method.

use std::collections::HashMap;

use crate::error::{Error, Result};

/// A value for each method, by patterns: `Arith.Multiply`, `Arith.*` for all methods
/// of a service, `*` for all. The most exact one that fits counts, in whatever order
/// they were set.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::Methods;
///
/// let mut limits = Methods::new();
/// limits.set("*", 100)?;
/// limits.set("Reports.*", 10)?;
/// limits.set("Reports.Yearly", 1)?;
/// assert_eq!(limits.get("Reports.Yearly"), Some(&1));
/// assert_eq!(limits.get("Reports.Daily"), Some(&10));
/// assert_eq!(limits.get("Arith.Multiply"), Some(&100));
/// assert!(limits.set("Rep*", 5).is_err());
/// # Ok::<(), gobrpc_protocol::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods<T> {
    /// By full names.
    exact: HashMap<String, T>,
    /// By services.
    services: HashMap<String, T>,
    all: Option<T>,
}

impl<T> Methods<T> {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A value for all methods that get no other one.
    #[must_use]
    pub fn all(value: T) -> Self {
        Self {
            all: Some(value),
            ..Self::default()
        }
    }

    /// Sets the value for a pattern, and gives back the one that it had.
    ///
    /// # Errors
    ///
    /// If no method can fit, as for `Mul*`: a limit that limits nothing, or a rule that
    /// lets nobody in, would be found too late.
    pub fn set(&mut self, pattern: &str, value: T) -> Result<Option<T>> {
        if pattern == "*" {
            return Ok(self.all.replace(value));
        }
        // The last dot divides, as in Go.
        let (values, key) = match pattern.rsplit_once('.') {
            Some((service, "*")) if is_name(service) => (&mut self.services, service),
            Some((service, method)) if is_name(service) && is_name(method) => {
                (&mut self.exact, pattern)
            }
            _ => {
                return Err(Error::invalid_argument(format!(
                    "no method fits {pattern:?}: it is to be `Service.Method`, `Service.*` or `*`"
                )));
            }
        };
        Ok(values.insert(key.to_owned(), value))
    }

    /// The value that was set for just this pattern.
    pub fn get_mut(&mut self, pattern: &str) -> Option<&mut T> {
        if pattern == "*" {
            return self.all.as_mut();
        }
        match pattern.strip_suffix(".*") {
            Some(service) => self.services.get_mut(service),
            None => self.exact.get_mut(pattern),
        }
    }

    /// True if no pattern has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.services.is_empty() && self.exact.is_empty()
    }

    /// The value of a method, by its full name.
    #[must_use]
    pub fn get(&self, service_method: &str) -> Option<&T> {
        if let Some(value) = self.exact.get(service_method) {
            return Some(value);
        }
        let service = service_method.rsplit_once('.').map(|(service, _)| service);
        service
            .and_then(|service| self.services.get(service))
            .or(self.all.as_ref())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains('*')
}

impl<T> Default for Methods<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            services: HashMap::new(),
            all: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_counts() {
        let mut methods = Methods::new();
        assert_eq!(methods.set("a.b.*", 2).unwrap(), None);
        assert_eq!(methods.get("a.b.M"), Some(&2));
        // The last dot divides, as in Go.
        assert_eq!(methods.get("a.M"), None);
        assert_eq!(methods.get("nodot"), None);
        assert_eq!(methods.set("a.b.*", 3).unwrap(), Some(2));
        assert_eq!(methods.set("a.b.M", 1).unwrap(), None);
        assert_eq!(methods.get("a.b.M"), Some(&1));
        assert_eq!(methods.get("a.b.N"), Some(&3));
        assert_eq!(methods.set("*", 4).unwrap(), None);
        assert_eq!(methods.get("nodot"), Some(&4));
        *methods.get_mut("*").unwrap() = 5;
        assert_eq!(methods.get("a.M"), Some(&5));
        assert_eq!(methods.get_mut("a.*"), None);
    }

    #[test]
    fn what_fits_nothing_is_an_error() {
        for pattern in [
            "", ".", "M", "Mul*", "A.Mul*", "A*.M", "*.M", "A.", ".M", ".*", "**", "A.*.M", "A.**",
        ] {
            let mut methods = Methods::new();
            let error = methods.set(pattern, ()).unwrap_err();
            assert!(error.message().contains("`Service.*`"), "{error}");
            assert!(methods.is_empty());
        }
    }
}
