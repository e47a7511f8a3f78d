//! The sign test: whether changes in one direction are more than chance, although the other direction was expected.

use super::interval::upper_tail;

/// The probability that of all changes at least so many go against the direction, if each does so with the probability ½ at
/// most (Dixon and Mood 1946, J. Am. Statist. Assoc. 41:557; for paired truths, McNemar's exact test).
pub fn sign_test(against: u32, with: u32) -> f64 {
    if against == 0 { 1.0 } else { upper_tail(against, against + with, 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_changes_of_eight_are_no_chance_and_half_of_them_are() {
        assert!((sign_test(8, 0) - 1.0 / 256.0).abs() < 1e-15);
        // C(10, 7) + C(10, 8) + C(10, 9) + C(10, 10) = 176 of 1024.
        assert!((sign_test(7, 3) - 176.0 / 1024.0).abs() < 1e-14);
        assert!(sign_test(5, 5) > 0.5);
        assert_eq!((sign_test(0, 9), sign_test(0, 0)), (1.0, 1.0));
    }
}
