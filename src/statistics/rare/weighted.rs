//! What weighted runs say.

use crate::statistics::interval::Interval;
use crate::statistics::student;

/// Degrees of freedom beyond which Student's law is the normal one.
const DEGREES_MAX: f64 = 1_000.0;

/// Sums over runs, of the weights of those with the event.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    runs: f64,
    sum: f64,
    squares: f64,
    cubes: f64,
    fourths: f64,
    largest: f64,
}

impl Sums {
    /// Of runs, in their order: the weights of those with the event, and 0 for the others.
    pub(super) fn of(weights: &[f64]) -> Sums {
        weights.iter().fold(Sums::default(), |sums, &weight| sums.with(weight))
    }

    fn with(self, weight: f64) -> Sums {
        Sums {
            runs: self.runs + 1.0,
            sum: self.sum + weight,
            squares: self.squares + weight * weight,
            cubes: self.cubes + weight * weight * weight,
            fourths: self.fourths + weight * weight * weight * weight,
            largest: self.largest.max(weight),
        }
    }

    /// Whether each run counts for one.
    fn is_plain(&self) -> bool {
        self.squares == self.sum && self.largest <= 1.0
    }

    /// The probability; without a bias, and so it may be above 1 by chance.
    pub(super) fn mean(&self) -> f64 {
        if self.runs > 0.0 { self.sum / self.runs } else { 0.0 }
    }

    /// Its standard error.
    pub(super) fn error(&self) -> f64 {
        let mean = self.mean();
        ((self.squares / self.runs - mean * mean).max(0.0) / (self.runs - 1.0).max(1.0)).sqrt()
    }

    /// Runs with the event, in units of runs of equal weight.
    pub(super) fn effective(&self) -> f64 {
        if self.squares > 0.0 { self.sum * self.sum / self.squares } else { 0.0 }
    }

    /// Degrees of freedom of its error, by the kurtosis of the weights: 2n/(κ − 1) (Satterthwaite 1946, Biometrics Bull.
    /// 2:110).
    fn degrees(&self) -> u32 {
        let (n, mean) = (self.runs, self.mean());
        let second = self.squares / n - mean * mean;
        let square = mean * mean;
        let fourth = (self.fourths - 4.0 * mean * self.cubes + 6.0 * square * self.squares) / n - 3.0 * square * square;
        let kurtosis = fourth / (second * second);
        // It is never below 1, but for rounding.
        let degrees = 2.0 * n / (kurtosis - 1.0).max(0.0);
        degrees.clamp(1.0, DEGREES_MAX) as u32
    }

    /// The interval of the probability: of plain runs that of Clopper and Pearson, else on the logarithmic scale, by Student's law. Its upper end is that of runs with one
    /// more of the largest weight: heavy runs are rare, so that an estimate is low where one is missing, and its error
    /// then, too.
    pub(super) fn interval(&self, confidence: f64) -> Interval {
        if self.sum <= 0.0 {
            return Interval { low: 0.0, high: 1.0 };
        }
        if self.is_plain() {
            return Interval::fixed(self.sum as u32, self.runs as u32, confidence);
        }
        let t = student::two_sided_quantile(confidence, self.degrees());
        let factor = |sums: &Sums| libm::exp(t * sums.error() / sums.mean());
        let more = self.with(self.largest);
        Interval { low: (self.mean() / factor(self)).min(1.0), high: (more.mean() * factor(&more)).min(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many runs with an event of weight 1, spread among as many without.
    fn weights(events: usize) -> Vec<f64> {
        (0..2 * events).map(|run| f64::from(run as u32 % 2)).collect()
    }

    #[test]
    fn equal_weights_count_as_runs() {
        let sums = Sums::of(&weights(100));
        assert_eq!((sums.mean(), sums.effective()), (0.5, 100.0));
        // √(p (1 − p) / (n − 1)).
        assert!((sums.error() - (0.25_f64 / 199.0).sqrt()).abs() < 1e-15);
        let interval = sums.interval(0.95);
        assert_eq!(interval, Interval::fixed(100, 200, 0.95));
    }

    #[test]
    fn a_heavy_run_widens_the_upper_side() {
        let even = Sums::of(&weights(100).iter().map(|weight| 0.999 * weight).collect::<Vec<_>>()).interval(0.95);
        let heavy = Sums::of(&[weights(100), vec![8.0]].concat());
        let interval = heavy.interval(0.95);
        assert!(interval.high / heavy.mean() > heavy.mean() / interval.low, "{interval:?}");
        assert!(interval.high - interval.low > even.high - even.low);
    }
}
