//! [`Versions`]: which versions of a service are meant.

use std::cmp::Ordering;

use semver::{Version, VersionReq};

use crate::error::SelectorError;

/// Which versions of a service are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Versions {
    /// This one, letter by letter.
    Exact(String),
    /// Those in a range of semantic versions.
    Range(VersionReq),
    /// The highest that there is.
    Latest,
}

impl Versions {
    /// `latest`, a range (`^1.2`, `>=1, <3`, `1.*`), or a version.
    pub(crate) fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = text.trim();
        if text == "latest" {
            return Ok(Self::Latest);
        }
        if text.is_empty() {
            return Err(SelectorError::version(text, "it is empty"));
        }
        let is_range = text.starts_with(['^', '~', '=', '<', '>'])
            || text.contains([',', '*'])
            || text.ends_with(".x");
        match is_range {
            true => Self::range(text),
            false => Ok(Self::Exact(text.to_owned())),
        }
    }

    /// A range.
    pub(crate) fn range(text: &str) -> Result<Self, SelectorError> {
        // `^v1.2`: the letter is how most services name their versions.
        let plain: Vec<_> = text
            .split(',')
            .map(|part| {
                let part = part.trim();
                let (sign, version) =
                    part.split_at(part.find(|c: char| !"^~=<> ".contains(c)).unwrap_or(0));
                format!(
                    "{sign}{}",
                    version.strip_prefix(['v', 'V']).unwrap_or(version)
                )
            })
            .collect();
        VersionReq::parse(&plain.join(", "))
            .map(Self::Range)
            .map_err(|error| SelectorError::version(text, error))
    }

    /// True if a version may be one of them; `Latest` is any release until they are
    /// compared.
    pub(crate) fn fits(&self, version: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == version,
            Self::Range(range) => parse(version).is_some_and(|version| range.matches(&version)),
            Self::Latest => parse(version).is_some_and(|version| version.pre.is_empty()),
        }
    }
}

/// Reads `1`, `v1.2` or `v1.2.3-rc.1`; what is left out is 0.
fn parse(version: &str) -> Option<Version> {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let numbers = version.find(['-', '+']).unwrap_or(version.len());
    let (numbers, rest) = version.split_at_checked(numbers)?;
    let missing = match numbers.split('.').count() {
        1 => ".0.0",
        2 => ".0",
        _ => "",
    };
    Version::parse(&format!("{numbers}{missing}{rest}")).ok()
}

/// Which of two versions is the higher one; `None` if that cannot be said.
pub(crate) fn compare(one: &str, other: &str) -> Option<Ordering> {
    // Builds of one version are alike.
    Some(parse(one)?.cmp_precedence(&parse(other)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_cargo() {
        for (range, fits, does_not) in [
            (
                "^1.2",
                "v1.2 1.2.0 v1.9.3 1.2.0+build",
                "v1 v1.1.9 v2 v1.3.0-rc.1 one",
            ),
            ("~1.2", "1.2.9 v1.2", "1.3"),
            (">=1, <3", "v1 v2.9.9", "v3 v0.9"),
            ("^v1.2", "v1.2.1", "v2"),
            (">= v1.5, < v2", "v1.5 v1.9", "v2 v1.4"),
            ("1.*", "v1 1.7", "2.0"),
            ("*", "v1 v2", "v1-rc.1 x"),
            ("=1.2.3", "v1.2.3", "v1.2.4 v1.2"),
            (
                "^1.2.3-rc.1",
                "1.2.3-rc.2 1.2.3 1.3.0",
                "1.2.3-beta 1.3.0-rc.1",
            ),
        ] {
            let versions = Versions::parse(range).unwrap();
            assert!(matches!(versions, Versions::Range(_)), "{range}");
            for version in fits.split(' ') {
                assert!(versions.fits(version), "{range} {version}");
            }
            for version in does_not.split(' ') {
                assert!(!versions.fits(version), "{range} {version}");
            }
        }
    }

    #[test]
    fn a_version_is_itself_only() {
        let versions = Versions::parse("v1").unwrap();
        assert_eq!(versions, Versions::Exact("v1".into()));
        assert!(versions.fits("v1") && !versions.fits("v1.0.0") && !versions.fits("1"));
        // Names that are no numbers are versions as well.
        assert_eq!(
            Versions::parse("blue").unwrap(),
            Versions::Exact("blue".into())
        );
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        for text in ["^", "^one", ">=1 <2 <3", "^1.2.3.4", "", ",", "^v"] {
            assert!(Versions::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn versions_have_an_order() {
        for (low, high) in [
            ("v1", "v2"),
            ("v1.9", "v1.10"),
            ("1.2.3-rc.1", "1.2.3"),
            ("1.2.3-rc.2", "1.2.3-rc.10"),
        ] {
            assert_eq!(compare(low, high), Some(Ordering::Less), "{low} {high}");
        }
        assert_eq!(compare("v1", "1.0.0+build.7"), Some(Ordering::Equal));
        assert_eq!(compare("v1", "blue"), None);
    }
}
