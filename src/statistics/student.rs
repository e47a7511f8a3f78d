//! Student's t.

/// The t that a variable of Student's law with some degrees of freedom, ≥ 1, exceeds in neither direction with a
/// probability, in (0, 1).
///
/// P(|T| ≤ t) is a finite sum of powers of cos θ, θ = arctan(t/√ν) (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
pub fn two_sided_quantile(probability: f64, degrees: u32) -> f64 {
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if within(middle, degrees) < probability { low = middle } else { high = middle }
    }
    libm::sqrt(f64::from(degrees)) * libm::tan(0.5 * (low + high))
}

/// P(|T| ≤ √ν tan θ).
fn within(theta: f64, degrees: u32) -> f64 {
    let (sine, cosine) = (libm::sin(theta), libm::cos(theta));
    let is_odd = degrees % 2 == 1;
    // The factors are 2/3, 4/5, … on cos θ, or 1/2, 3/4, … on 1.
    let (mut term, mut numerator) = if is_odd { (cosine, 2) } else { (1.0, 1) };
    let mut sum = if degrees == 1 { 0.0 } else { term };
    while numerator + 2 < degrees && term > sum * 1e-17 {
        term *= f64::from(numerator) / f64::from(numerator + 1) * cosine * cosine;
        sum += term;
        numerator += 2;
    }
    if is_odd { std::f64::consts::FRAC_2_PI * (theta + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, degrees, expected) in [
            (0.95, 1, 12.706_204_736),
            (0.95, 2, 4.302_652_730),
            (0.95, 3, 3.182_446_305),
            (0.95, 4, 2.776_445_105),
            (0.95, 10, 2.228_138_852),
            (0.95, 29, 2.045_229_642),
            (0.95, 59, 2.000_995_378),
            (0.99, 7, 3.499_483_297),
            (0.90, 120, 1.657_650_899),
            (0.95, 1000, 1.962_339_081),
            // That of the normal law, and the first correction, (t³ + t)/4ν.
            (0.95, 1_000_000, 1.959_963_985 + 2.372e-6),
        ] {
            let t = two_sided_quantile(probability, degrees);
            assert!((t - expected).abs() < 2e-9, "{probability}, {degrees}: {t}, not {expected}");
        }
    }
}
