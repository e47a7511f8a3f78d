//! The logistic curve of two variables: how likely an event is where they are.

/// Newton steps at most; a handful are enough.
const STEPS_MAX: u32 = 50;
/// No step changes a coefficient by more than this.
const STEP_MAX: f64 = 2.0;
/// A step that is smaller than this is the last one.
const STEP_MIN: f64 = 1e-10;

/// 1/(1 + exp(−(a + b · x₀ + c · x₁))).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// a, b and c.
    pub coefficients: [f64; 3],
}

impl Logistic {
    /// The curve that observations, (x, whether the event happened), make most likely together with what is taken to be
    /// likely beforehand: the coefficients of `self`, give or take the standard deviations `give`, all above 0. So there is
    /// one for any observations, none too, and where a value parts those with the event from the others.
    pub fn fitted(self, give: [f64; 3], observations: &[([f64; 2], bool)]) -> Logistic {
        let mut curve = self;
        for _ in 0..STEPS_MAX {
            // The gradient of the logarithm of the posterior, and its curvature.
            let (mut gradient, mut curvature) = ([0.0; 3], [[0.0; 3]; 3]);
            for row in 0..3 {
                let precision = 1.0 / (give[row] * give[row]);
                gradient[row] = (self.coefficients[row] - curve.coefficients[row]) * precision;
                curvature[row][row] = precision;
            }
            for &(x, event) in observations {
                let (p, x) = (curve.at(x), [1.0, x[0], x[1]]);
                let (off, weight) = (f64::from(u8::from(event)) - p, p * (1.0 - p));
                for row in 0..3 {
                    gradient[row] += off * x[row];
                    (0..3).for_each(|column| curvature[row][column] += weight * x[row] * x[column]);
                }
            }
            let step = solved(curvature, gradient);
            let largest = step.iter().fold(0.0, |largest: f64, step| largest.max(step.abs()));
            let share = if largest > STEP_MAX { STEP_MAX / largest } else { 1.0 };
            (0..3).for_each(|row| curve.coefficients[row] += share * step[row]);
            if largest < STEP_MIN {
                break;
            }
        }
        curve
    }

    /// The probability of the event at a place.
    pub fn at(self, x: [f64; 2]) -> f64 {
        let [a, b, c] = self.coefficients;
        1.0 / (1.0 + libm::exp(-(a + b * x[0] + c * x[1])))
    }
}

/// The solution of a system of equations whose matrix is symmetric and positive definite, by elimination.
fn solved(mut matrix: [[f64; 3]; 3], mut right: [f64; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        for row in pivot + 1..3 {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            (pivot..3).for_each(|column| matrix[row][column] -= factor * matrix[pivot][column]);
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream, stream, unit};

    const GIVE: [f64; 3] = [3.0, 3.0, 3.0];

    fn observations(stream: &mut Stream, n: u32, curve: Logistic) -> Vec<([f64; 2], bool)> {
        let observation = |_| {
            let x = [4.0 * unit(stream) - 2.0, 2.0 * unit(stream) - 1.0];
            (x, unit(stream) < curve.at(x))
        };
        (0..n).map(observation).collect()
    }

    #[test]
    fn the_curve_that_made_the_observations_is_found() {
        let truth = [-0.7, 3.0, 1.5];
        let made = observations(&mut stream(41, Purpose::Test("logistic")), 20_000, Logistic { coefficients: truth });
        let found = Logistic { coefficients: [0.0, 1.0, 0.0] }.fitted(GIVE, &made).coefficients;
        // Standard errors of some 0.03, 0.05 and 0.05 by the curvature: six of them are a false-alarm rate below 1e-8.
        assert!(found.iter().zip(truth).all(|(found, truth)| (found - truth).abs() < 0.3), "{found:?}");
    }

    #[test]
    fn there_is_a_curve_for_any_observations() {
        let guess = Logistic { coefficients: [0.0, 3.0, 0.0] };
        assert_eq!(guess.fitted(GIVE, &[]), guess);
        for parted in [2, 20, 2000] {
            let x = |i: u32| [f64::from(i) - 0.5 * f64::from(parted - 1), 0.0];
            let apart: Vec<([f64; 2], bool)> = (0..parted).map(|i| (x(i), 2 * i >= parted)).collect();
            let [a, b, c] = guess.fitted(GIVE, &apart).coefficients;
            assert!((3.0..30.0).contains(&b) && a.abs() < 1e-6 && c == 0.0, "{parted}: {a} {b} {c}");
        }
        for event in [false, true] {
            let all = [([1e6, 0.0], event), ([-1e6, 1.0], event), ([0.0, -1.0], event)];
            assert!(guess.fitted(GIVE, &all).coefficients.iter().all(|of| of.is_finite()));
        }
        let flat = Logistic { coefficients: [0.0, 0.0, 0.0] };
        let noise = observations(&mut stream(42, Purpose::Test("logistic")), 2000, flat);
        // The standard error of the slope is 0.04.
        assert!(guess.fitted(GIVE, &noise).coefficients[1].abs() < 0.25);
    }
}
