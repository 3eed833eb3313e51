//! [`MethodConfig`] and [`RetryThrottling`], and their values.

use std::time::Duration;

use gobrpc_protocol::Code;
use gobrpc_protocol::retry::{RetryPolicy, Throttle};
use serde::{Deserialize, Deserializer, de};

use super::duration::{Seconds, delay};
use crate::policy::{HedgePolicy, MethodPolicy};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MethodConfig {
    pub(super) name: Vec<Name>,
    timeout: Option<Seconds>,
    wait_for_ready: bool,
    retry_policy: Option<RetryConfig>,
    hedging_policy: Option<HedgingConfig>,
}

impl MethodConfig {
    /// gRPC's `oneof retry_or_hedging_policy`.
    pub(super) const fn has_both(&self) -> bool {
        self.retry_policy.is_some() && self.hedging_policy.is_some()
    }

    pub(super) fn policy(&self) -> MethodPolicy {
        MethodPolicy {
            timeout: self.timeout.map(|timeout| timeout.0),
            wait: self.wait_for_ready.then_some(Duration::MAX),
            // Whoever lists errors to retry, or hedges, says that a second run does no
            // harm.
            idempotent: self.retry_policy.is_some() || self.hedging_policy.is_some(),
            retry: self.retry_policy.as_ref().map(RetryConfig::policy),
            hedge: self.hedging_policy.as_ref().map(HedgingConfig::policy),
        }
    }
}

/// A method, a service, or nothing for all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Parts {
            service: String,
            method: String,
        }
        let Parts { service, method } = Parts::deserialize(deserializer)?;
        match (service.is_empty(), method.is_empty()) {
            (true, true) => Ok(Self(None)),
            (false, true) => Ok(Self(Some(service))),
            (false, false) => Ok(Self(Some(format!("{service}.{method}")))),
            (true, false) => Err(de::Error::custom("a method without a service")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryConfig {
    #[serde(deserialize_with = "attempts")]
    max_attempts: usize,
    initial_backoff: Seconds,
    max_backoff: Seconds,
    #[serde(deserialize_with = "multiplier")]
    backoff_multiplier: f64,
    #[serde(deserialize_with = "codes")]
    retryable_status_codes: Vec<Status>,
}

impl RetryConfig {
    fn policy(&self) -> RetryPolicy {
        let mut policy = RetryPolicy::default();
        policy.attempts = self.max_attempts;
        policy.codes = self.retryable_status_codes.iter().map(|s| s.0).collect();
        policy.backoff = self.initial_backoff.0;
        policy.max_backoff = self.max_backoff.0;
        policy.multiplier = self.backoff_multiplier;
        policy
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HedgingConfig {
    #[serde(deserialize_with = "attempts")]
    max_attempts: usize,
    #[serde(default, deserialize_with = "delay")]
    hedging_delay: Duration,
    #[serde(default)]
    non_fatal_status_codes: Vec<Status>,
}

impl HedgingConfig {
    fn policy(&self) -> HedgePolicy {
        let mut policy = HedgePolicy::new(self.hedging_delay);
        policy.attempts = self.max_attempts;
        policy.codes = self.non_fatal_status_codes.iter().map(|s| s.0).collect();
        policy
    }
}

/// gRPC's highest number of attempts (A6).
const MAX_ATTEMPTS: usize = 5;

fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 | 1 => Err(de::Error::custom("the attempts must be 2 and more")),
        attempts => Ok(attempts.min(MAX_ATTEMPTS)),
    }
}

fn multiplier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let multiplier = f64::deserialize(deserializer)?;
    match multiplier > 0.0 && multiplier.is_finite() {
        true => Ok(multiplier),
        false => Err(de::Error::custom("the multiplier must be more than 0")),
    }
}

fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Status>, D::Error> {
    let codes = Vec::deserialize(deserializer)?;
    match codes.is_empty() {
        true => Err(de::Error::custom("at least one code is needed")),
        false => Ok(codes),
    }
}

/// A code by its name in gRPC, in any case, or by its number.
struct Status(Code);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Status;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name or number of an error code of gRPC")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Status, E> {
                let code = Code::from_number(number);
                // What has no number of its own is `Unknown`.
                match u64::from(code.number()) == number {
                    true => Ok(Status(code)),
                    false => Err(E::invalid_value(de::Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Status, E> {
                let named = NAMES
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name));
                match named {
                    Some((_, code)) => Ok(Status(*code)),
                    None => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

const NAMES: [(&str, Code); 16] = [
    ("CANCELLED", Code::Cancelled),
    ("UNKNOWN", Code::Unknown),
    ("INVALID_ARGUMENT", Code::InvalidArgument),
    ("DEADLINE_EXCEEDED", Code::DeadlineExceeded),
    ("NOT_FOUND", Code::NotFound),
    ("ALREADY_EXISTS", Code::AlreadyExists),
    ("PERMISSION_DENIED", Code::PermissionDenied),
    ("RESOURCE_EXHAUSTED", Code::ResourceExhausted),
    ("FAILED_PRECONDITION", Code::FailedPrecondition),
    ("ABORTED", Code::Aborted),
    ("OUT_OF_RANGE", Code::OutOfRange),
    ("UNIMPLEMENTED", Code::Unimplemented),
    ("INTERNAL", Code::Internal),
    ("UNAVAILABLE", Code::Unavailable),
    ("DATA_LOSS", Code::DataLoss),
    ("UNAUTHENTICATED", Code::Unauthenticated),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryThrottling {
    #[serde(deserialize_with = "tokens")]
    max_tokens: u32,
    #[serde(rename = "tokenRatio", deserialize_with = "millis")]
    success_millis: u32,
}

impl RetryThrottling {
    pub(super) const fn throttle(&self) -> Throttle {
        Throttle::new(self.max_tokens, self.success_millis)
    }
}

fn tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        tokens @ 1..=1000 => Ok(tokens),
        _ => Err(de::Error::custom("there must be 1 to 1000 tokens")),
    }
}

/// Three decimals count, as in gRPC.
fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let millis = f64::deserialize(deserializer)? * 1000.0;
    // More than all tokens is no more than all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    let millis = millis.clamp(0.0, 1e6) as u32;
    match millis {
        0 => Err(de::Error::custom("the ratio must be 0.001 and more")),
        millis => Ok(millis),
    }
}
