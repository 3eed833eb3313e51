//! [`Choices`]: policies of which the first that is known is taken.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};

use super::ConfigError;
use super::duration::Seconds;
use crate::balance::{
    Balance, ConsistentHash, P2c, PeakEwma, PickFirst, PreferZone, Random, RoundRobin, SlowStart,
    Subset, WeightedRandom, WeightedRoundRobin,
};
use crate::ejection::EjectionOptions;
use crate::policy::Policy;

/// Policies of which the first that is known is taken.
#[derive(Deserialize, Default)]
#[serde(transparent)]
pub(super) struct Choices(Vec<Choice>);

impl Choices {
    pub(super) fn into_policy(self, path: &str) -> Result<Policy, ConfigError> {
        match self.first(path)? {
            Some(Known::OutlierDetection(outlier)) => {
                let path = format!("{path}.outlier_detection_experimental.childPolicy");
                let ejection = outlier.options();
                let mut policy = Policy::new(outlier.child_policy.into_balance(&path)?);
                policy.ejection = Some(ejection);
                Ok(policy)
            }
            Some(known) => Ok(Policy::new(known.into_balance(path)?)),
            None => Ok(Policy::default()),
        }
    }

    fn into_balance(self, path: &str) -> Result<Arc<dyn Balance>, ConfigError> {
        match self.first(path)? {
            Some(known) => known.into_balance(path),
            None => Ok(Arc::new(P2c::new())),
        }
    }

    fn first(self, path: &str) -> Result<Option<Known>, ConfigError> {
        let mut unknown = Vec::new();
        for choice in self.0 {
            match choice {
                Choice::Known(known) => return Ok(Some(*known)),
                Choice::Unknown(name) => unknown.push(name),
            }
        }
        if unknown.is_empty() {
            return Ok(None);
        }
        let names = unknown.join(", ");
        let problem = format!("none of {names} is known; the last one could be \"p2c\"");
        Err(ConfigError::at(path, problem))
    }
}

enum Choice {
    Known(Box<Known>),
    Unknown(String),
}

enum Known {
    PickFirst(PickFirstConfig),
    RoundRobin,
    WeightedRoundRobin,
    Random,
    WeightedRandom,
    P2c,
    PeakEwma(PeakEwmaConfig),
    ConsistentHash(ConsistentHashConfig),
    PreferZone(PreferZoneConfig),
    Subset(SubsetConfig),
    SlowStart(SlowStartConfig),
    OutlierDetection(OutlierDetectionConfig),
}

impl Known {
    fn into_balance(self, path: &str) -> Result<Arc<dyn Balance>, ConfigError> {
        let child =
            |child: Choices, name: &str| child.into_balance(&format!("{path}.{name}.childPolicy"));
        Ok(match self {
            Self::PickFirst(config) if config.shuffle_address_list => {
                Arc::new(PickFirst::shuffled())
            }
            Self::PickFirst(_) => Arc::new(PickFirst::new()),
            Self::RoundRobin => Arc::new(RoundRobin::new()),
            Self::WeightedRoundRobin => Arc::new(WeightedRoundRobin::new()),
            Self::Random => Arc::new(Random::new()),
            Self::WeightedRandom => Arc::new(WeightedRandom::new()),
            Self::P2c => Arc::new(P2c::new()),
            Self::PeakEwma(config) => {
                let mut ewma = PeakEwma::new();
                ewma.decay = config.decay.map_or(ewma.decay, |decay| decay.0);
                ewma.default_rtt = config.default_rtt.map_or(ewma.default_rtt, |rtt| rtt.0);
                Arc::new(ewma)
            }
            Self::ConsistentHash(config) => {
                let mut hash = ConsistentHash::new();
                hash.load_percent = config.load_percent.unwrap_or(hash.load_percent);
                Arc::new(hash)
            }
            Self::PreferZone(config) => {
                let inner = child(config.child_policy, "prefer_zone")?;
                let mut zones = PreferZone::new(config.zone, inner);
                zones.at_least = config.at_least.unwrap_or(zones.at_least);
                Arc::new(zones)
            }
            Self::Subset(config) => {
                let inner = child(config.child_policy, "subset")?;
                Arc::new(Subset::new(config.size.get(), inner))
            }
            Self::SlowStart(config) => {
                let mut slow = SlowStart::new(child(config.child_policy, "slow_start")?);
                slow.window = config.window.map_or(slow.window, |window| window.0);
                slow.floor_percent = config.floor_percent.unwrap_or(slow.floor_percent);
                Arc::new(slow)
            }
            Self::OutlierDetection(_) => {
                let problem = "outlier_detection_experimental must be the outermost policy";
                return Err(ConfigError::at(path, problem));
            }
        })
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Choice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one policy: {\"p2c\": {}}")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
                let Some(name) = map.next_key::<String>()? else {
                    return Err(de::Error::invalid_length(0, &self));
                };
                let known = match name.as_str() {
                    "pick_first" => Known::PickFirst(map.next_value()?),
                    "round_robin" => empty(&mut map, Known::RoundRobin)?,
                    "weighted_round_robin" => empty(&mut map, Known::WeightedRoundRobin)?,
                    "random" => empty(&mut map, Known::Random)?,
                    "weighted_random" => empty(&mut map, Known::WeightedRandom)?,
                    "p2c" => empty(&mut map, Known::P2c)?,
                    "least_request_experimental" => {
                        let _: LeastRequestConfig = map.next_value()?;
                        Known::P2c
                    }
                    "peak_ewma" => Known::PeakEwma(map.next_value()?),
                    "consistent_hash" => Known::ConsistentHash(map.next_value()?),
                    "prefer_zone" => Known::PreferZone(map.next_value()?),
                    "subset" => Known::Subset(map.next_value()?),
                    "random_subsetting_experimental" => {
                        let config: RandomSubsettingConfig = map.next_value()?;
                        Known::Subset(config.into())
                    }
                    "slow_start" => Known::SlowStart(map.next_value()?),
                    "outlier_detection_experimental" => Known::OutlierDetection(map.next_value()?),
                    _ => {
                        map.next_value::<de::IgnoredAny>()?;
                        return alone(map, Choice::Unknown(name));
                    }
                };
                alone(map, Choice::Known(Box::new(known)))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A policy without settings; fields in it are passed over, and named.
fn empty<'de, A: de::MapAccess<'de>>(map: &mut A, known: Known) -> Result<Known, A::Error> {
    #[derive(Deserialize)]
    struct Empty {}
    map.next_value::<Empty>().map(|_| known)
}

/// That there is no second policy.
fn alone<'de, A: de::MapAccess<'de>>(mut map: A, choice: Choice) -> Result<Choice, A::Error> {
    match map.next_key::<String>()? {
        None => Ok(choice),
        Some(second) => Err(de::Error::custom(format_args!(
            "an object has one policy; put \"{second}\" into one of its own"
        ))),
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PickFirstConfig {
    shuffle_address_list: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LeastRequestConfig {
    #[serde(rename = "choiceCount")]
    _choice_count: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PeakEwmaConfig {
    decay: Option<Seconds>,
    default_rtt: Option<Seconds>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ConsistentHashConfig {
    load_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreferZoneConfig {
    zone: String,
    at_least: Option<usize>,
    #[serde(default)]
    child_policy: Choices,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubsetConfig {
    size: NonZeroUsize,
    #[serde(default)]
    child_policy: Choices,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RandomSubsettingConfig {
    subset_size: NonZeroUsize,
    #[serde(default)]
    child_policy: Choices,
}

impl From<RandomSubsettingConfig> for SubsetConfig {
    fn from(config: RandomSubsettingConfig) -> Self {
        Self {
            size: config.subset_size,
            child_policy: config.child_policy,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SlowStartConfig {
    window: Option<Seconds>,
    floor_percent: Option<u32>,
    child_policy: Choices,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OutlierDetectionConfig {
    base_ejection_time: Option<Seconds>,
    max_ejection_time: Option<Seconds>,
    max_ejection_percent: Option<u32>,
    consecutive_failures: Option<u32>,
    failure_percentage_ejection: FailurePercentage,
    child_policy: Choices,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct FailurePercentage {
    threshold: Option<u32>,
    request_volume: Option<u32>,
}

impl OutlierDetectionConfig {
    fn options(&self) -> EjectionOptions {
        let ours = EjectionOptions::default();
        let failures = &self.failure_percentage_ejection;
        EjectionOptions {
            consecutive: self.consecutive_failures.unwrap_or(ours.consecutive),
            failure_percent: failures.threshold.unwrap_or(ours.failure_percent),
            min_calls: failures.request_volume.unwrap_or(ours.min_calls),
            base: self.base_ejection_time.map_or(ours.base, |time| time.0),
            max: self.max_ejection_time.map_or(ours.max, |time| time.0),
            max_percent: self.max_ejection_percent.unwrap_or(ours.max_percent),
        }
    }
}
