//! The Poisson law, as far as it matters: how many probes meet a super node in a tick.

/// Probabilities below this are left out.
const NEGLIGIBLE: f64 = 1e-13;

/// Means beyond this are not told from it: every super node is met more often than it can accept.
pub(super) const MEAN_MAX: f64 = 1e6;

/// The Poisson law with a mean, up to some number.
#[derive(Debug, Clone, Default)]
pub(super) struct Poisson {
    /// Numbers below this are left out: so many have a probability that can be neglected.
    pub(super) first: usize,
    /// The probabilities of `first`, `first` + 1, …, ends of the law that can be neglected aside.
    pub(super) probabilities: Vec<f64>,
    /// The probabilities of at least 0, 1, …, up to the number that was asked for.
    pub(super) at_least: Vec<f64>,
    /// The means of the smaller of 0, 1, … and the number.
    pub(super) capped_means: Vec<f64>,
}

impl Poisson {
    /// Computes the law with this mean: its single probabilities, and its sums up to `most`.
    pub(super) fn set(&mut self, mean: f64, most: usize) {
        self.probabilities.clear();
        self.window(mean.min(MEAN_MAX));
        self.at_least.clear();
        self.at_least.resize(self.first.min(most) + 1, 1.0);
        self.at_least.resize(most + 1, 0.0);
        // From the far end, where the terms are smallest; what was cut there is below any rounding.
        let (within, beyond) =
            self.probabilities.split_at((most + 1).saturating_sub(self.first).min(self.probabilities.len()));
        let mut sum = beyond.iter().rev().fold(0.0, |sum, probability| sum + probability);
        let from_second = self.at_least.iter_mut().skip(self.first + 1).zip(within.iter().skip(1));
        for (at_least, probability) in from_second.rev() {
            sum += probability;
            *at_least = sum.min(1.0);
        }
        let mut mean = 0.0;
        self.capped_means.clear();
        self.capped_means.push(0.0);
        self.capped_means.extend(self.at_least[1..].iter().map(|at_least| {
            mean += at_least;
            mean
        }));
    }

    /// The probability of at least so many, whatever number.
    pub(super) fn reaches(&self, number: usize) -> f64 {
        if number <= self.first {
            return 1.0;
        }
        self.probabilities.iter().skip(number - self.first).rev().sum()
    }

    /// The probabilities that cannot be neglected.
    fn window(&mut self, mean: f64) {
        let start = libm::exp(-mean);
        if start > NEGLIGIBLE {
            self.first = 0;
            let (mut term, mut number) = (start, 0.0);
            while term > NEGLIGIBLE || number < mean {
                self.probabilities.push(term);
                number += 1.0;
                term *= mean / number;
            }
            return;
        }
        let spread = 9.5 * libm::sqrt(mean) + 10.0;
        let from = (mean - spread).max(0.0).floor();
        self.first = from as usize;
        let mut term = libm::exp(from * libm::log(mean) - mean - libm::lgamma(from + 1.0));
        let mut number = from;
        while number < mean + spread {
            self.probabilities.push(term);
            number += 1.0;
            term *= mean / number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sums_and_means_belong_together() {
        for (mean, most) in
            [(0.0, 10), (1e-6, 10), (0.013, 75), (3.7, 10), (39.0, 75), (60.0, 30), (500.0, 600), (1e4, 20_000)]
        {
            let mut law = Poisson::default();
            law.set(mean, most);
            let all: f64 = law.probabilities.iter().sum();
            assert!((all - 1.0).abs() < 1e-11, "{mean}: {all}");
            let moment: f64 = law.probabilities.iter().enumerate().map(|(i, p)| (law.first + i) as f64 * p).sum();
            assert!((moment - mean).abs() < 1e-10 * mean.max(1.0), "{mean}: {moment}");
            let capped = (0..=most).map(|number| {
                law.probabilities.iter().enumerate().map(|(i, p)| p * (law.first + i).min(number) as f64).sum::<f64>()
            });
            for (number, expected) in capped.enumerate().step_by(1 + most / 50) {
                assert!((law.capped_means[number] - expected).abs() < 1e-9 * mean.max(1.0), "{mean} {number}");
            }
            assert_eq!(law.at_least[0], 1.0);
        }
    }

    #[test]
    fn with_a_mean_beyond_all_numbers_each_is_reached() {
        let mut law = Poisson::default();
        law.set(1e300, 10);
        assert!((law.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert_eq!((law.at_least[10], law.capped_means[10]), (1.0, 10.0));
    }
}
