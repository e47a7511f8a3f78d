//! Binomial numbers: by inversion where few successes are expected, and else by the algorithm BTPE (Kachitvichyanukul
//! and Schmeiser 1988, "Binomial random variate generation", Communications of the ACM 31).

use std::cmp::Ordering;

use rand_xoshiro::rand_core::Rng;

use super::{Stream, unit};

/// Below this expectation a number is found by inversion.
const FEW: f64 = 10.0;

/// The number of successes in `n` independent trials of probability `p`, which is taken as 0 … 1.
pub fn binomial(stream: &mut Stream, n: u32, p: f64) -> u32 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p >= 1.0 || p.is_nan() {
        return n;
    }
    let trials = f64::from(n);
    if p < 0.5 && trials * p < FEW {
        return invert(stream, n, p / (1.0 - p), libm::exp(trials * libm::log1p(-p)));
    }
    // The rarer of success and failure is drawn.
    let rare = if p > 0.5 { 1.0 - p } else { p };
    let drawn = if trials * rare < FEW {
        invert(stream, n, rare / (1.0 - rare), libm::pow(1.0 - rare, trials))
    } else {
        Btpe::new(n, rare).draw(stream).min(n.into()) as u32
    };
    if p > 0.5 { n - drawn } else { drawn }
}

/// How many of `n` independent clients are hit, each with a hazard of this integral: binomial, with the probability
/// 1 − exp(−hazard).
pub fn binomial_of_hazard(stream: &mut Stream, n: u32, hazard: f64) -> u32 {
    if hazard > 0.0 && hazard < 0.5 && f64::from(n) * hazard < FEW {
        return invert(stream, n, libm::expm1(hazard), libm::exp(-f64::from(n) * hazard));
    }
    binomial(stream, n, -libm::expm1(-hazard))
}

/// A binomial number by inversion, from the odds p/(1−p) and the probability (1−p)ⁿ of 0, which the callers have in the
/// cheapest way.
fn invert(stream: &mut Stream, n: u32, odds: f64, none: f64) -> u32 {
    // So far above the expectation no number lies; only rounding leads there.
    const SUCCESSES_MAX: u32 = 110;
    loop {
        let (mut left, mut probability, mut successes) = (unit(stream), none, 0);
        while left >= probability && successes < SUCCESSES_MAX {
            left -= probability;
            successes += 1;
            probability *= (f64::from(n) + 1.0) * odds / f64::from(successes) - odds;
        }
        if successes < SUCCESSES_MAX {
            return successes.min(n);
        }
    }
}

/// The algorithm BTPE for `n` trials of probability `p` ≤ 1/2 with n p ≥ 10. A point is drawn below a curve made of a
/// triangle, two parallelograms beside it and two exponential tails, and accepted if it is below the probabilities,
/// scaled such that that of the mode is 1. The names are those of the paper.
struct Btpe {
    n: u64,
    p: f64,
    q: f64,
    npq: f64,
    /// The mode.
    m: u64,
    x_m: f64,
    x_l: f64,
    x_r: f64,
    c: f64,
    lambda_l: f64,
    lambda_r: f64,
    /// The areas below the curve: of the triangle, with the parallelograms, with the left tail, and of all.
    p1: f64,
    p2: f64,
    p3: f64,
    p4: f64,
}

impl Btpe {
    /// Step 0 of the paper.
    fn new(n: u32, p: f64) -> Btpe {
        let (q, np) = (1.0 - p, f64::from(n) * p);
        let npq = np * q;
        let p1 = (2.195 * npq.sqrt() - 4.6 * q).floor() + 0.5;
        let f_m = np + p;
        let m = f_m as u64;
        let x_m = (m as f64) + 0.5;
        let (x_l, x_r) = (x_m - p1, x_m + p1);
        let c = 0.134 + 20.5 / (15.3 + (m as f64));
        let lambda = |a: f64| a * (1.0 + 0.5 * a);
        let lambda_l = lambda((f_m - x_l) / (f_m - x_l * p));
        let lambda_r = lambda((x_r - f_m) / (x_r * q));
        let p2 = p1 * (1.0 + 2.0 * c);
        let p3 = p2 + c / lambda_l;
        let p4 = p3 + c / lambda_r;
        Btpe { n: n.into(), p, q, npq, m, x_m, x_l, x_r, c, lambda_l, lambda_r, p1, p2, p3, p4 }
    }

    fn draw(&self, stream: &mut Stream) -> u64 {
        // A multiple of 2⁻⁵² in [0, 1).
        let mut uniform = || (stream.next_u64() >> 12) as f64 * f64::EPSILON;
        loop {
            let (u, v) = (uniform() * self.p4, uniform());
            if u <= self.p1 {
                return (self.x_m - self.p1 * v + u) as u64;
            }
            if let Some((y, v)) = self.propose(u, v)
                && self.accepts(y, v)
            {
                return y;
            }
        }
    }

    /// Steps 2 to 4: the number below a point outside of the triangle, and the height of the point; none if the point
    /// is above the curve or the number out of range.
    fn propose(&self, u: f64, v: f64) -> Option<(u64, f64)> {
        if u <= self.p2 {
            let x = self.x_l + (u - self.p1) / self.c;
            let v = v * self.c + 1.0 - (x - self.x_m).abs() / self.p1;
            (v <= 1.0).then_some((x as u64, v))
        } else if u <= self.p3 {
            let y = self.x_l + libm::log(v) / self.lambda_l;
            (y >= 0.0).then_some((y as u64, v * ((u - self.p2) * self.lambda_l)))
        } else {
            let y = (self.x_r - libm::log(v) / self.lambda_r) as u64;
            (y <= self.n).then_some((y, v * ((u - self.p3) * self.lambda_r)))
        }
    }

    /// Step 5: whether the height `v` is below the probability of `y`, in parts of that of the mode.
    fn accepts(&self, y: u64, v: f64) -> bool {
        let k = y.abs_diff(self.m) as f64;
        if k <= 20.0 || k >= 0.5 * self.npq - 1.0 {
            return v <= self.ratio(y);
        }
        // The squeeze: the logarithm of the ratio lies between these bounds.
        let rho = (k / self.npq) * ((k * (k / 3.0 + 0.625) + 1.0 / 6.0) / self.npq + 0.5);
        let t = -0.5 * k * k / self.npq;
        let alpha = libm::log(v);
        alpha < t - rho || (alpha <= t + rho && alpha <= self.log_ratio(y))
    }

    /// The probability of `y` divided by that of the mode, step by step from one to the other.
    fn ratio(&self, y: u64) -> f64 {
        let s = self.p / self.q;
        let a = s * (self.n as f64 + 1.0);
        match self.m.cmp(&y) {
            Ordering::Less => (self.m + 1..=y).fold(1.0, |ratio, i| ratio * (a / i as f64 - s)),
            Ordering::Greater => (y + 1..=self.m).fold(1.0, |ratio, i| ratio / (a / i as f64 - s)),
            Ordering::Equal => 1.0,
        }
    }

    /// The logarithm of the same, by Stirling's series.
    fn log_ratio(&self, y: u64) -> f64 {
        let (n, m, y) = (self.n as f64, self.m as f64, y as f64);
        let (x1, f1, z, w) = (y + 1.0, m + 1.0, n - m + 1.0, n - y + 1.0);
        let stirling = |a: f64| {
            let a2 = a * a;
            (13860.0 - (462.0 - (132.0 - (99.0 - 140.0 / a2) / a2) / a2) / a2) / a / 166_320.0
        };
        self.x_m * libm::log(f1 / x1)
            + (n - m + 0.5) * libm::log(z / w)
            + (y - m) * libm::log(w * self.p / (x1 * self.q))
            + stirling(f1)
            + stirling(z)
            - stirling(x1)
            - stirling(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn few_successes_have_the_binomial_law() {
        let mut stream = stream(1, Purpose::Test("few"));
        for (n, p) in [(1, 0.3), (4, 0.45), (20, 0.02), (1_000_000, 5e-6)] {
            let draws = 200_000;
            let mut counts = [[0u32; 2]; 40];
            for _ in 0..draws {
                counts[binomial(&mut stream, n, p) as usize][0] += 1;
                counts[binomial_of_hazard(&mut stream, n, -libm::log1p(-p)) as usize][1] += 1;
            }
            let mut probability = libm::exp(f64::from(n) * libm::log1p(-p));
            for (k, counts) in counts.iter().enumerate() {
                let expected = probability * f64::from(draws);
                // 7 standard errors, and 7 for the rarest: a false alarm below 320 · 3e-11 for the lot, but for the
                // skewness of the rare ones, for which the constant stands.
                let tolerance = 7.0 * expected.sqrt() + 25.0;
                assert!(counts.iter().all(|&count| (f64::from(count) - expected).abs() < tolerance), "{n} {p} {k}");
                let left = f64::from(n) - k as f64;
                probability *= (left / (k as f64 + 1.0) * p / (1.0 - p)).max(0.0);
            }
        }
        assert_eq!(binomial_of_hazard(&mut stream, 7, 0.0), 0);
        assert_eq!(binomial_of_hazard(&mut stream, 0, 0.1), 0);
        assert_eq!(binomial_of_hazard(&mut stream, 7, f64::INFINITY), 7);
        assert_eq!(binomial(&mut stream, 7, 1.0), 7);
    }
}
