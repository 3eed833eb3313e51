//! [`Figures`]: the rounds of one measurement, and how they are shown.

/// The same figure, once per round.
#[derive(Debug, Clone, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// One more round.
    pub fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The middle one; NaN if there is none.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// How far the rounds are apart: the largest less the smallest, in percent of
    /// the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(0.0, f64::max);
        (most - least) / self.median() * 100.0
    }
}

/// The geometric mean; NaN of none.
#[must_use]
pub fn geometric_mean(ratios: &[f64]) -> f64 {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (sum / ratios.len() as f64).exp()
}

/// A time in nanoseconds, with its unit.
#[must_use]
pub fn time(nanos: f64) -> String {
    match nanos {
        n if n.is_nan() => "–".to_owned(),
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// A ratio, with as many digits as it deserves.
#[must_use]
pub fn ratio(ratio: f64) -> String {
    match ratio {
        r if r.is_nan() => "–".to_owned(),
        r if r < 10.0 => format!("{r:.2}×"),
        r => format!("{r:.1}×"),
    }
}
