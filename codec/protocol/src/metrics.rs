//! [`CallMetrics`]: counts and times of calls, by method.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::error::Code;

/// Is told of calls as they begin and end: by the layer `Metrics` of a server or a
/// client.
///
/// [`CallMetrics`] is one that counts them. To give them to another system, implement
/// this: it is called within each call, and so is to be quick and never to block.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_protocol::Code;
/// use gobrpc_protocol::metrics::Observer;
///
/// struct Print;
///
/// impl Observer for Print {
///     fn ended(&self, service_method: &str, code: Option<Code>, elapsed: Duration) {
///         println!("{service_method}: {code:?}, {elapsed:?}");
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A call has begun.
    fn started(&self, service_method: &str) {
        let _ = service_method;
    }

    /// A call has ended: with a code, or well. One that is dropped has ended, too. Of
    /// a stream this is its end.
    fn ended(&self, service_method: &str, code: Option<Code>, elapsed: Duration);
}

impl<O: Observer> Observer for Arc<O> {
    fn started(&self, service_method: &str) {
        (**self).started(service_method);
    }

    fn ended(&self, service_method: &str, code: Option<Code>, elapsed: Duration) {
        (**self).ended(service_method, code, elapsed);
    }
}

/// Counts calls by method and code, and how long they took; gives the numbers as
/// Prometheus reads them. A copy is a handle of the same.
///
/// At most 1,024 methods are told apart; further ones, which a program can only have if
/// it makes their names up, are counted together as `other`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_protocol::Code;
/// use gobrpc_protocol::metrics::{CallMetrics, Observer};
///
/// let metrics = CallMetrics::new("rpc_server");
/// metrics.started("Arith.Multiply");
/// metrics.ended("Arith.Multiply", None, Duration::from_micros(70));
/// assert_eq!(metrics.count("Arith.Multiply", None), 1);
/// assert_eq!(metrics.count("Arith.Multiply", Some(Code::Internal)), 0);
/// assert!(metrics.to_prometheus().contains(
///     "rpc_server_calls_total{method=\"Arith.Multiply\",code=\"Ok\"} 1\n"
/// ));
/// ```
#[derive(Clone)]
pub struct CallMetrics(Arc<Inner>);

struct Inner {
    prefix: String,
    /// Calls that reached no layer, by the numbers of their codes.
    refused: [AtomicU64; 17],
    methods: RwLock<HashMap<String, Arc<Method>>>,
}

/// Methods that are told apart.
const METHODS_MAX: usize = 1024;

/// Those that are not.
const OTHER: &str = "other";

/// The upper bounds of the buckets of times, in microseconds: from a call on one
/// machine to one that somebody waits for.
const BOUNDS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

#[derive(Default)]
struct Method {
    running: AtomicI64,
    /// By the numbers of the codes; 0 is for calls that ended well.
    codes: [AtomicU64; 17],
    /// By [`BOUNDS`]; the last is for what took longer.
    times: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl CallMetrics {
    /// Nothing counted yet. All names begin with the prefix, which is to consist of
    /// letters and `_`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            prefix: prefix.into(),
            refused: Default::default(),
            methods: RwLock::default(),
        }))
    }

    /// How many calls of a method have ended with this code; `None` is for well.
    #[must_use]
    pub fn count(&self, service_method: &str, code: Option<Code>) -> u64 {
        let method = self.known(service_method);
        method.map_or(0, |method| {
            let count = method.codes.get(place(code));
            count.map_or(0, |count| count.load(Ordering::Relaxed))
        })
    }

    /// Counts a call that a server answered with this code before any layer saw it.
    ///
    /// By its code alone: the method may be a name that somebody made up.
    pub fn refused(&self, code: Code) {
        if let Some(count) = self.0.refused.get(place(Some(code))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many calls were [`refused`](Self::refused) with this code.
    #[must_use]
    pub fn refused_count(&self, code: Code) -> u64 {
        let count = self.0.refused.get(place(Some(code)));
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// How many calls of a method run now.
    #[must_use]
    pub fn running(&self, service_method: &str) -> i64 {
        let method = self.known(service_method);
        method.map_or(0, |method| method.running.load(Ordering::Relaxed))
    }

    /// All numbers as text (Prometheus, exposition format 0.0.4): the counters
    /// `…_calls_total` by method and code and `…_calls_refused_total` by code, the gauges `…_calls_running` and the
    /// histograms `…_call_seconds` by method. Of a call that ends meanwhile some may be
    /// in and some not.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut methods: Vec<(String, Arc<Method>)> = {
            let methods = self.0.methods.read();
            let methods = methods.unwrap_or_else(PoisonError::into_inner);
            let copies = methods.iter();
            copies
                .map(|(name, method)| (label(name), Arc::clone(method)))
                .collect()
        };
        methods.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut text = String::new();
        // Nothing fails that writes into a string.
        let _ = self.write(&methods, &mut text);
        text
    }

    fn write(&self, methods: &[(String, Arc<Method>)], text: &mut String) -> fmt::Result {
        let prefix = &self.0.prefix;
        writeln!(text, "# HELP {prefix}_calls_total Calls that have ended.")?;
        writeln!(text, "# TYPE {prefix}_calls_total counter")?;
        for (name, method) in methods {
            for (number, count) in (0_u64..).zip(&method.codes) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let code = code_name(number);
                    let labels = format!("{{method=\"{name}\",code=\"{code}\"}}");
                    writeln!(text, "{prefix}_calls_total{labels} {count}")?;
                }
            }
        }
        let name = format!("{prefix}_calls_refused_total");
        writeln!(
            text,
            "# HELP {name} Calls of unknown methods, too late, or too many."
        )?;
        writeln!(text, "# TYPE {name} counter")?;
        for (number, count) in (0_u64..).zip(&self.0.refused) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let code = code_name(number);
                writeln!(text, "{name}{{code=\"{code}\"}} {count}")?;
            }
        }
        writeln!(text, "# HELP {prefix}_calls_running Calls that run now.")?;
        writeln!(text, "# TYPE {prefix}_calls_running gauge")?;
        for (name, method) in methods {
            let running = method.running.load(Ordering::Relaxed);
            writeln!(
                text,
                "{prefix}_calls_running{{method=\"{name}\"}} {running}"
            )?;
        }
        let name = format!("{prefix}_call_seconds");
        writeln!(text, "# HELP {name} How long calls took.")?;
        writeln!(text, "# TYPE {name} histogram")?;
        for (method_name, method) in methods {
            method.write_times(&name, method_name, text)?;
        }
        Ok(())
    }

    fn known(&self, service_method: &str) -> Option<Arc<Method>> {
        let methods = self.0.methods.read();
        let methods = methods.unwrap_or_else(PoisonError::into_inner);
        methods.get(service_method).cloned()
    }

    fn method(&self, service_method: &str) -> Arc<Method> {
        if let Some(method) = self.known(service_method) {
            return method;
        }
        let methods = self.0.methods.write();
        let mut methods = methods.unwrap_or_else(PoisonError::into_inner);
        let full = methods.len() >= METHODS_MAX && !methods.contains_key(service_method);
        let name = if full { OTHER } else { service_method };
        Arc::clone(methods.entry(name.to_owned()).or_default())
    }
}

impl Observer for CallMetrics {
    fn started(&self, service_method: &str) {
        let method = self.method(service_method);
        method.running.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, service_method: &str, code: Option<Code>, elapsed: Duration) {
        let method = self.method(service_method);
        method.running.fetch_sub(1, Ordering::Relaxed);
        if let Some(count) = method.codes.get(place(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|&bound| bound < micros);
        if let Some(count) = method.times.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        method.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Method {
    fn write_times(&self, name: &str, method: &str, text: &mut String) -> fmt::Result {
        let mut below = 0;
        for (count, bound) in self.times.iter().zip(BOUNDS) {
            below += count.load(Ordering::Relaxed);
            let bound = Duration::from_micros(bound).as_secs_f64();
            writeln!(
                text,
                "{name}_bucket{{method=\"{method}\",le=\"{bound}\"}} {below}"
            )?;
        }
        let longer = self.times.last();
        below += longer.map_or(0, |count| count.load(Ordering::Relaxed));
        writeln!(
            text,
            "{name}_bucket{{method=\"{method}\",le=\"+Inf\"}} {below}"
        )?;
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(text, "{name}_sum{{method=\"{method}\"}} {sum}")?;
        writeln!(text, "{name}_count{{method=\"{method}\"}} {below}")
    }
}

fn place(code: Option<Code>) -> usize {
    code.map_or(0, |code| usize::from(code.number()))
}

fn code_name(number: u64) -> String {
    match number {
        0 => "Ok".to_owned(),
        number => format!("{:?}", Code::from_number(number)),
    }
}

/// A text as it stands between quotes.
fn label(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n")
}

impl fmt::Debug for CallMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallMetrics").field(&self.0.prefix).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_their_buckets() {
        let metrics = CallMetrics::new("x");
        for micros in [0, 100, 101, 10_000_000, 10_000_001] {
            metrics.started("A.B");
            metrics.ended("A.B", Some(Code::NotFound), Duration::from_micros(micros));
        }
        metrics.started("A.\"C\"");
        assert_eq!(metrics.running("A.\"C\""), 1);
        let text = metrics.to_prometheus();
        for line in [
            "# TYPE x_calls_total counter",
            "x_calls_total{method=\"A.B\",code=\"NotFound\"} 5",
            "x_calls_running{method=\"A.B\"} 0",
            "x_calls_running{method=\"A.\\\"C\\\"\"} 1",
            "x_call_seconds_bucket{method=\"A.B\",le=\"0.0001\"} 2",
            "x_call_seconds_bucket{method=\"A.B\",le=\"0.00025\"} 3",
            "x_call_seconds_bucket{method=\"A.B\",le=\"10\"} 4",
            "x_call_seconds_bucket{method=\"A.B\",le=\"+Inf\"} 5",
            "x_call_seconds_sum{method=\"A.B\"} 20.000202",
            "x_call_seconds_count{method=\"A.B\"} 5",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }

    #[test]
    fn methods_are_told_apart_up_to_the_maximum() {
        let metrics = CallMetrics::new("x");
        for number in 0..METHODS_MAX + 2 {
            metrics.ended(&format!("A.M{number}"), None, Duration::ZERO);
        }
        assert_eq!(metrics.count("A.M1023", None), 1);
        assert_eq!(metrics.count("A.M1024", None), 0);
        assert_eq!(metrics.count(OTHER, None), 2);
        assert_eq!(metrics.0.methods.read().unwrap().len(), METHODS_MAX + 1);
    }
}
