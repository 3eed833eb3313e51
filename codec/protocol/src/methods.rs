//! [`Methods`]: values by method.

use std::collections::HashMap;

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
/// limits.set("*", 100);
/// limits.set("Reports.*", 10);
/// limits.set("Reports.Yearly", 1);
/// assert_eq!(limits.get("Reports.Yearly"), Some(&1));
/// assert_eq!(limits.get("Reports.Daily"), Some(&10));
/// assert_eq!(limits.get("Arith.Multiply"), Some(&100));
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

    /// Sets the value for a pattern, and gives back the one that it had. A pattern
    /// that is none, such as `Mul*`, is the name of a method that nobody has.
    pub fn set(&mut self, pattern: &str, value: T) -> Option<T> {
        if pattern == "*" {
            return self.all.replace(value);
        }
        match pattern.strip_suffix(".*") {
            Some(service) => self.services.insert(service.to_owned(), value),
            None => self.exact.insert(pattern.to_owned(), value),
        }
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
        assert_eq!(methods.set("a.b.*", 2), None);
        assert_eq!(methods.get("a.b.M"), Some(&2));
        // The last dot divides, as in Go.
        assert_eq!(methods.get("a.M"), None);
        assert_eq!(methods.get("nodot"), None);
        assert_eq!(methods.set("a.b.*", 3), Some(2));
        assert_eq!(methods.set("a.b.M", 1), None);
        assert_eq!(methods.get("a.b.M"), Some(&1));
        assert_eq!(methods.get("a.b.N"), Some(&3));
        assert_eq!(methods.set("*", 4), None);
        assert_eq!(methods.get("nodot"), Some(&4));
        *methods.get_mut("*").unwrap() = 5;
        assert_eq!(methods.get("a.M"), Some(&5));
        assert_eq!(methods.get_mut("a.*"), None);
    }
}
