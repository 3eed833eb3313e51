//! [`ServiceConfig`]: a policy as gRPC's JSON.

mod duration;
mod load_balancing;
mod method;

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use self::load_balancing::Choices;
use self::method::{MethodConfig, RetryThrottling};
use super::{MethodPolicy, Policy};

/// A policy as the JSON of a gRPC service config
/// ([service_config.md](https://github.com/grpc/grpc/blob/master/doc/service_config.md)),
/// as far as it means something here.
///
/// | field | what |
/// |---|---|
/// | `loadBalancingConfig` | a list of policies, of which the first that is known is taken; an error if none is. None at all means `p2c` |
/// | `methodConfig[].name[]` | `{"service", "method"}`; without a method for all of the service, `{}` for all others; no name twice |
/// | `….timeout` | how long a call may take: `"1.5s"` |
/// | `….waitForReady` | `true`: a call waits for a first instance as long as it may take, and not 3 s at most |
/// | `….retryPolicy` | `maxAttempts` (2 and more; more than 5 is 5), `initialBackoff`, `maxBackoff`, `backoffMultiplier`, `retryableStatusCodes` (names or numbers), all required. **It says that the methods may run twice** |
/// | `….hedgingPolicy` | `maxAttempts` (required, 2 and more; more than 5 is 5), `hedgingDelay` (none: all at once), `nonFatalStatusCodes`; not beside a `retryPolicy`. **It says the same** |
/// | `retryThrottling` | `maxTokens` (1 to 1,000), `tokenRatio` (0.001 and more), beside the budget that always holds |
///
/// The policies: gRPC's `pick_first` (`shuffleAddressList`), `round_robin`,
/// `weighted_round_robin` and `least_request_experimental` (`choiceCount`, which is
/// 2 here whatever it says), `random_subsetting_experimental` (`subsetSize`,
/// `childPolicy`), `outlier_detection_experimental` (outermost only:
/// `baseEjectionTime`, `maxEjectionTime`, `maxEjectionPercent`,
/// `failurePercentageEjection` with `threshold` and `requestVolume`, and
/// `consecutiveFailures`, which is ours; `childPolicy`); and ours: `p2c`,
/// `peak_ewma` (`decay`, `defaultRtt`), `random`, `weighted_random`,
/// `consistent_hash` (`loadPercent`), `prefer_zone` (`zone`, `atLeast`,
/// `childPolicy`), `subset` (`size`, `childPolicy`), `slow_start` (`window`,
/// `floorPercent`, `childPolicy`).
///
/// **A field that is not known is passed over**, as in gRPC, so that one config
/// serves clients of all kinds; [`ServiceConfig::ignored`] names these, for whoever
/// mistyped one. A known field with a value that makes no sense is an error, which
/// says where.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::ServiceConfig;
///
/// let config: ServiceConfig = r#"{
///     "loadBalancingConfig": [
///         { "a_policy_of_tomorrow": {} },
///         { "slow_start": { "window": "30s", "childPolicy": [{ "peak_ewma": {} }] } }
///     ],
///     "methodConfig": [
///         { "name": [{ "service": "User", "method": "Get" }],
///           "timeout": "0.2s",
///           "retryPolicy": { "maxAttempts": 3,
///                            "initialBackoff": "0.05s", "maxBackoff": "1s",
///                            "backoffMultiplier": 2,
///                            "retryableStatusCodes": ["UNAVAILABLE"] } },
///         { "name": [{}], "timeout": "2s" }
///     ],
///     "retryThrottling": { "maxTokens": 100, "tokenRatio": 0.1 }
/// }"#
/// .parse()?;
/// assert_eq!(config.ignored(), ["loadBalancingConfig[0].a_policy_of_tomorrow"]);
/// let policy = config.into_policy();
///
/// let error = r#"{"methodConfig": [{"name": [{}], "timeout": "2 s"}]}"#
///     .parse::<ServiceConfig>()
///     .unwrap_err();
/// assert_eq!(error.path(), "methodConfig[0].timeout");
/// # Ok::<(), gobrpc_registry::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    policy: Policy,
    ignored: Vec<String>,
}

impl ServiceConfig {
    /// The policy that it describes.
    #[must_use]
    pub fn into_policy(self) -> Policy {
        self.policy
    }

    /// The fields that are not known, by their paths.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }
}

/// What is wrong with a service config, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    problem: String,
}

impl ConfigError {
    fn at(path: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self {
            path: path.to_string(),
            problem: problem.to_string(),
        }
    }

    /// Where: `methodConfig[0].timeout`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the service config is wrong at {}: {}",
            self.path, self.problem
        )
    }
}

impl std::error::Error for ConfigError {}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    load_balancing_config: Choices,
    method_config: Vec<MethodConfig>,
    retry_throttling: Option<RetryThrottling>,
}

impl FromStr for ServiceConfig {
    type Err = ConfigError;

    fn from_str(json: &str) -> Result<Self, ConfigError> {
        let mut ignored = Vec::new();
        let config = read(json, &mut ignored)?;
        let mut policy = config
            .load_balancing_config
            .into_policy("loadBalancingConfig")?;
        let mut names = HashSet::new();
        for (at, method) in config.method_config.into_iter().enumerate() {
            if method.has_both() {
                return Err(ConfigError::at(
                    format_args!("methodConfig[{at}]"),
                    "either retryPolicy or hedgingPolicy, not both",
                ));
            }
            let different = method.policy();
            for (index, name) in method.name.into_iter().enumerate() {
                if !names.insert(name.clone()) {
                    return Err(ConfigError::at(
                        format_args!("methodConfig[{at}].name[{index}]"),
                        "the name is there twice",
                    ));
                }
                policy = different_for(policy, name.0, different.clone());
            }
        }
        if let Some(throttling) = config.retry_throttling {
            policy.budget.throttle = Some(throttling.throttle());
        }
        Ok(Self { policy, ignored })
    }
}

fn different_for(policy: Policy, name: Option<String>, different: MethodPolicy) -> Policy {
    match name {
        // The longer name is looked for first, whatever it is the name of.
        Some(name) => policy.for_method(name, different),
        None => policy.for_all(different),
    }
}

fn read(json: &str, ignored: &mut Vec<String>) -> Result<Config, ConfigError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let config = serde_ignored::deserialize(tracked, |path| ignored.push(dotted(&path)));
    let config = config.map_err(|error| ConfigError::at(track.path(), error))?;
    reader.end().map_err(|error| ConfigError::at(".", error))?;
    Ok(config)
}

/// A path as errors have it: `a[0].b`.
fn dotted(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    let below = |parent: &Path<'_>, key: &str| match dotted(parent) {
        parent if parent.is_empty() => key.to_owned(),
        parent => format!("{parent}.{key}"),
    };
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", dotted(parent)),
        Path::Map { parent, key } => below(parent, key),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => dotted(parent),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gobrpc_protocol::{Code, Head};

    use super::*;
    use crate::EjectionOptions;

    fn read(json: &str) -> Policy {
        json.parse::<ServiceConfig>().unwrap().into_policy()
    }

    #[track_caller]
    fn assert_wrong(json: &str, path: &str, problem: &str) {
        let error = json.parse::<ServiceConfig>().unwrap_err();
        assert_eq!(error.path(), path, "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }

    #[test]
    fn nothing_is_the_default() {
        let policy = read("{}");
        assert_eq!(policy.wait, Policy::default().wait);
        assert_eq!(policy.ejection, Some(EjectionOptions::default()));
        assert!(policy.method(&Head::new("User.Get")).is_none());
    }

    #[test]
    fn methods_by_name() {
        let policy = read(
            r#"{"methodConfig": [
                {"name": [{"service": "User", "method": "Get"}, {"service": "Mail"}],
                 "timeout": "0.2s", "waitForReady": true,
                 "retryPolicy": {"maxAttempts": 9, "initialBackoff": "0.05s",
                    "maxBackoff": "1s", "backoffMultiplier": 1.5,
                    "retryableStatusCodes": ["UNAVAILABLE", "aborted", 8]}},
                {"name": [{}], "timeout": "2s"}]}"#,
        );
        let get = policy.method(&Head::new("User.Get")).unwrap();
        assert_eq!(get.timeout, Some(Duration::from_millis(200)));
        assert_eq!(get.wait, Some(Duration::MAX));
        assert!(get.idempotent);
        let retry = get.retry.as_ref().unwrap();
        assert_eq!(retry.attempts, 5);
        assert_eq!(
            retry.codes,
            [Code::Unavailable, Code::Aborted, Code::ResourceExhausted]
        );
        assert_eq!(retry.multiplier, 1.5);
        assert_eq!(policy.method(&Head::new("Mail.Send")), Some(get));
        let others = policy.method(&Head::new("User.Set")).unwrap();
        assert_eq!(others.timeout, Some(Duration::from_secs(2)));
        assert!(!others.idempotent && others.retry.is_none() && others.wait.is_none());
    }

    #[test]
    fn hedging_as_grpc_has_it() {
        let policy = read(
            r#"{"methodConfig": [
                {"name": [{"service": "User"}],
                 "hedgingPolicy": {"maxAttempts": 6, "hedgingDelay": "0.02s",
                    "nonFatalStatusCodes": ["UNAVAILABLE", 10]}},
                {"name": [{"service": "Mail"}], "hedgingPolicy": {"maxAttempts": 2}}]}"#,
        );
        let user = policy.method(&Head::new("User.Get")).unwrap();
        assert!(user.idempotent && user.retry.is_none());
        let hedge = user.hedge.as_ref().unwrap();
        assert_eq!(
            (hedge.attempts, hedge.delay),
            (5, Duration::from_millis(20))
        );
        assert_eq!(hedge.codes, [Code::Unavailable, Code::Aborted]);
        let mail = policy.method(&Head::new("Mail.Send")).unwrap();
        assert_eq!(mail.hedge, Some(crate::HedgePolicy::new(Duration::ZERO)));
    }

    #[test]
    fn outlier_detection_is_our_ejection() {
        let policy = read(
            r#"{"loadBalancingConfig": [{"outlier_detection_experimental": {
                "baseEjectionTime": "2s", "maxEjectionTime": "30s", "maxEjectionPercent": 20,
                "failurePercentageEjection": {"threshold": 70, "requestVolume": 50},
                "childPolicy": [{"round_robin": {}}]}}]}"#,
        );
        let ejection = policy.ejection.unwrap();
        assert_eq!(ejection.base, Duration::from_secs(2));
        assert_eq!(ejection.max, Duration::from_secs(30));
        assert_eq!(
            (
                ejection.max_percent,
                ejection.failure_percent,
                ejection.min_calls
            ),
            (20, 70, 50)
        );
        assert_eq!(ejection.consecutive, 5);
    }

    #[test]
    fn every_policy_is_known() {
        for one in [
            r#"{"pick_first": {"shuffleAddressList": true}}"#,
            r#"{"round_robin": {}}"#,
            r#"{"random": {}}"#,
            r#"{"weighted_random": {}}"#,
            r#"{"weighted_round_robin": {}}"#,
            r#"{"least_request_experimental": {"choiceCount": 3}}"#,
            r#"{"p2c": {}}"#,
            r#"{"peak_ewma": {"decay": "5s", "defaultRtt": "0.001s"}}"#,
            r#"{"consistent_hash": {"loadPercent": 200}}"#,
            r#"{"prefer_zone": {"zone": "a", "atLeast": 2, "childPolicy": [{"p2c": {}}]}}"#,
            r#"{"subset": {"size": 20, "childPolicy": [{"p2c": {}}]}}"#,
            r#"{"random_subsetting_experimental": {"subsetSize": 20}}"#,
            r#"{"slow_start": {"window": "30s", "floorPercent": 20}}"#,
        ] {
            let config = format!(r#"{{"loadBalancingConfig": [{one}]}}"#);
            let config: ServiceConfig = config.parse().unwrap();
            assert!(config.ignored().is_empty(), "{one}: {:?}", config.ignored());
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_named() {
        let config: ServiceConfig = r#"{
            "healthCheckConfig": {"serviceName": "x"},
            "loadBalancingConfig": [{"xds": {"a": 1}}, {"p2c": {"choices": 3}}],
            "methodConfig": [{"name": [{"service": "U"}], "timeOut": "1s", "hedgePolicy": {}}]
        }"#
        .parse()
        .unwrap();
        assert_eq!(
            config.ignored(),
            [
                "healthCheckConfig",
                "loadBalancingConfig[0].xds",
                "loadBalancingConfig[1].p2c.choices",
                "methodConfig[0].timeOut",
                "methodConfig[0].hedgePolicy",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_and_where() {
        for (json, path, problem) in [
            ("", ".", "EOF"),
            ("7", ".", "expected struct"),
            ("{} {}", ".", "trailing"),
            (
                r#"{"loadBalancingConfig": {}}"#,
                "loadBalancingConfig",
                "sequence",
            ),
            (
                r#"{"loadBalancingConfig": [{"xds": {}}, {"grpclb": {}}]}"#,
                "loadBalancingConfig",
                "none of xds, grpclb is known",
            ),
            (
                r#"{"loadBalancingConfig": [{"p2c": {}, "random": {}}]}"#,
                "loadBalancingConfig[0]",
                "one policy",
            ),
            (
                r#"{"loadBalancingConfig": [{}]}"#,
                "loadBalancingConfig[0]",
                "one policy",
            ),
            (
                r#"{"loadBalancingConfig": [{"slow_start": {"childPolicy": [{"xds": {}}]}}]}"#,
                "loadBalancingConfig.slow_start.childPolicy",
                "xds",
            ),
            (
                r#"{"loadBalancingConfig": [{"subset": {"size": 0}}]}"#,
                "loadBalancingConfig[0].subset.size",
                "nonzero",
            ),
            (
                r#"{"loadBalancingConfig": [{"slow_start": {"childPolicy":
                    [{"outlier_detection_experimental": {}}]}}]}"#,
                "loadBalancingConfig.slow_start.childPolicy",
                "outermost",
            ),
            (
                r#"{"methodConfig": [{"name": [{"method": "Get"}]}]}"#,
                "methodConfig[0].name[0]",
                "without a service",
            ),
            (
                r#"{"methodConfig": [{"name": [{"service": "U"}]}, {"name": [{}, {"service": "U"}]}]}"#,
                "methodConfig[1].name[1]",
                "twice",
            ),
            (
                r#"{"methodConfig": [{"name": [{}], "timeout": "0s"}]}"#,
                "methodConfig[0].timeout",
                "more than 0",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"maxAttempts": 1}}]}"#,
                "methodConfig[0].retryPolicy.maxAttempts",
                "2 and more",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2}}]}"#,
                "methodConfig[0].retryPolicy",
                "initialBackoff",
            ),
            (
                r#"{"methodConfig": [{"hedgingPolicy": {}}]}"#,
                "methodConfig[0].hedgingPolicy",
                "maxAttempts",
            ),
            (
                r#"{"methodConfig": [{"hedgingPolicy": {"maxAttempts": 2, "hedgingDelay": "x"}}]}"#,
                "methodConfig[0].hedgingPolicy.hedgingDelay",
                "seconds with an s",
            ),
            (
                r#"{"methodConfig": [{}, {"hedgingPolicy": {"maxAttempts": 2},
                    "retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s",
                    "backoffMultiplier": 2, "retryableStatusCodes": [14]}}]}"#,
                "methodConfig[1]",
                "not both",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"retryableStatusCodes": ["OK"]}}]}"#,
                "methodConfig[0].retryPolicy.retryableStatusCodes[0]",
                "OK",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"retryableStatusCodes": [17]}}]}"#,
                "methodConfig[0].retryPolicy.retryableStatusCodes[0]",
                "17",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"retryableStatusCodes": []}}]}"#,
                "methodConfig[0].retryPolicy.retryableStatusCodes",
                "at least one",
            ),
            (
                r#"{"methodConfig": [{"retryPolicy": {"backoffMultiplier": 0}}]}"#,
                "methodConfig[0].retryPolicy.backoffMultiplier",
                "more than 0",
            ),
            (
                r#"{"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}}"#,
                "retryThrottling.maxTokens",
                "1 to 1000",
            ),
            (
                r#"{"retryThrottling": {"maxTokens": 1000, "tokenRatio": 0.0009}}"#,
                "retryThrottling.tokenRatio",
                "0.001",
            ),
        ] {
            assert_wrong(json, path, problem);
        }
        let deep = "[{\"slow_start\":{\"childPolicy\":".repeat(200);
        let deep = format!("{{\"loadBalancingConfig\":{deep}");
        assert!(
            deep.parse::<ServiceConfig>()
                .unwrap_err()
                .to_string()
                .contains("recursion")
        );
    }
}
