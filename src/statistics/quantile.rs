//! Quantiles of a sample in which a value may lie above all numbers.

/// A quantile of values in ascending order, of which the last may be infinite: linear between the order statistics (type
/// 7 of Hyndman and Fan 1996, Am. Statist. 50:361). `None` if there are no values, or if it lies among the infinite ones:
/// it is larger than every number that was seen.
///
/// Without interpolation this is Kaplan and Meier's quantile where all are censored at the same time.
pub fn quantile(ascending: &[f64], percent: u32) -> Option<f64> {
    // In whole numbers, so that a quantile that is an order statistic does not reach for the next one.
    let steps = ascending.len().checked_sub(1)? as u64 * u64::from(percent);
    let (below, part) = ((steps / 100) as usize, (steps % 100) as f64 / 100.0);
    let low = *ascending.get(below)?;
    let value = if part > 0.0 { low + part * (ascending.get(below + 1)? - low) } else { low };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_on_the_line_between_order_statistics() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (percent, expected) in [(0, 1.0), (5, 1.2), (25, 2.0), (50, 4.0), (95, 14.4), (100, 16.0)] {
            let value = quantile(&values, percent).unwrap();
            assert!((value - expected).abs() < 1e-12, "{percent} %: {value}");
        }
        assert_eq!(quantile(&[3.0], 95), Some(3.0));
        assert_eq!(quantile(&[], 50), None);
    }

    #[test]
    fn a_quantile_that_touches_what_lies_above_all_numbers_is_missing() {
        // 21 values: their 5, 50 and 95 % quantiles are the second, the eleventh and the twentieth of them.
        for finite in 0..=21 {
            let values: Vec<f64> =
                (0..21).map(|rank| if rank < finite { f64::from(rank) } else { f64::INFINITY }).collect();
            for (percent, rank) in [(5, 1), (50, 10), (95, 19)] {
                assert_eq!(
                    quantile(&values, percent),
                    (rank < finite).then_some(f64::from(rank)),
                    "{finite}, {percent} %"
                );
            }
        }
        assert_eq!(quantile(&[1.0, f64::INFINITY], 50), None, "between a number and what is above all");
    }
}
