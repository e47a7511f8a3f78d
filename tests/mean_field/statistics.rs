//! Student's law, and bounds of the normal and the chi-square law.

/// The normal score of a value of Student's law with an even number of degrees of freedom: the standard normal number
/// that is exceeded as often. From 37 on it is not told from 37.
pub(crate) fn score(t: f64, freedom: u32) -> f64 {
    let tail = student_tail(t.abs(), freedom);
    let (mut low, mut high) = (0.0, 37.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if normal_tail(middle) > tail { low = middle } else { high = middle }
    }
    low.copysign(t)
}

/// P(T > t) for t ≥ 0 (Abramowitz and Stegun 26.7.4): with θ = atan(t/√ν), P(|T| < t) = sin θ · Σ_j c_j cos^{2j} θ over
/// j < ν/2, c_0 = 1, c_j = c_{j−1} (2j − 1) / (2j). What is left of the infinite sum, which is 1 / sin θ, is the tail.
fn student_tail(t: f64, freedom: u32) -> f64 {
    assert!(freedom.is_multiple_of(2));
    let cosine_squared = 1.0 / (1.0 + t * t / f64::from(freedom));
    let sine = (1.0 - cosine_squared).sqrt();
    let (mut term, mut sum, mut j) = (1.0, 0.0, 0);
    while j < 20_000 && term > 1e-300 {
        if j >= freedom / 2 {
            sum += term;
        }
        j += 1;
        term *= cosine_squared * f64::from(2 * j - 1) / f64::from(2 * j);
    }
    // Near the middle the terms do not fall.
    if cosine_squared > 0.99 { 0.5 - 0.5 * central(sine, cosine_squared, freedom) } else { 0.5 * sine * sum }
}

fn central(sine: f64, cosine_squared: f64, freedom: u32) -> f64 {
    let mut term = 1.0;
    let terms = (1..freedom / 2).map(|j| {
        term *= cosine_squared * f64::from(2 * j - 1) / f64::from(2 * j);
        term
    });
    sine * (1.0 + terms.sum::<f64>())
}

fn normal_tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * std::f64::consts::FRAC_1_SQRT_2)
}

/// What a standard normal number exceeds, in size, with a probability of at most `p`: P(|Z| > x) ≤ exp(−x²/2).
pub(crate) fn score_bound(p: f64) -> f64 {
    (-2.0 * libm::log(p)).sqrt()
}

/// What a chi-square number exceeds with a probability of at most `p` (Laurent and Massart, Annals of Statistics 28,
/// 2000, lemma 1).
pub(crate) fn chi_square_quantile_bound(freedom: u32, p: f64) -> f64 {
    let x = -libm::log(p);
    f64::from(freedom) + 2.0 * (f64::from(freedom) * x).sqrt() + 2.0 * x
}

#[test]
fn scores_are_those_of_tables() {
    // Quantiles of Student's law with 8 degrees of freedom, and of the normal law.
    for (t, tail) in [(1.8595, 0.05), (3.3554, 0.005), (5.0413, 0.0005)] {
        assert!((student_tail(t, 8) / tail - 1.0).abs() < 1e-3, "{t}: {}", student_tail(t, 8));
    }
    assert!((student_tail(0.1, 8) - 0.461_4).abs() < 1e-3, "{}", student_tail(0.1, 8));
    assert!((score(1.8595, 8) - 1.6449).abs() < 1e-3);
    assert!((score(-5.0413, 8) + 3.2905).abs() < 1e-3);
    assert_eq!(score(0.0, 8), 0.0);
}
