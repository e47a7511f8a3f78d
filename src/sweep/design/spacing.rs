//! Points that are spaced evenly between two ends.

use crate::parameters::{Domain, Value};

/// Decimal digits that generated points are rounded to, so that 0.3 is not 0.30000000000000004.
const DIGITS: usize = 12;

/// The points between two ends, evenly spaced or so in the logarithm. The ends are exact; a point between them depends
/// on the ends, their number and its index alone, and is rounded to 12 digits, or to a whole number.
pub(in crate::sweep) fn spaced_values(
    domain: Domain,
    from: f64,
    to: f64,
    size: usize,
    logarithmic: bool,
) -> Vec<Value> {
    let points = (0..size).map(|index| spaced_point(from, to, size, logarithmic, index));
    points.filter_map(|point| domain.value_from_f64(point)).collect()
}

/// The ends of some values, if these are all points that are spaced evenly between them.
pub(in crate::sweep) fn is_spaced(domain: Domain, values: &[Value], logarithmic: bool) -> Option<(f64, f64)> {
    let [first, .., last] = values else { return None };
    let (from, to) = (first.as_f64()?, last.as_f64()?);
    let is_spaced = || {
        logarithmic || (from < to && to.is_finite() && spaced_values(domain, from, to, values.len(), false) == values)
    };
    (domain.is_numeric() && is_spaced()).then_some((from, to))
}

/// The first point that is another one where only whole numbers are allowed, and the whole number in its place.
pub(in crate::sweep) fn first_rounded(
    domain: Domain,
    from: f64,
    to: f64,
    size: usize,
    logarithmic: bool,
) -> Option<(f64, f64)> {
    let points = (0..size).map(|index| spaced_point(from, to, size, logarithmic, index));
    let mut rounded = points.filter_map(|point| Some((point, domain.value_from_f64(point)?.as_f64()?)));
    rounded.find(|(point, value)| point != value)
}

fn spaced_point(from: f64, to: f64, size: usize, logarithmic: bool, index: usize) -> f64 {
    let last = size.saturating_sub(1);
    if index == 0 {
        return from;
    }
    if index == last {
        return to;
    }
    let share = index as f64 / last as f64;
    let exact = if logarithmic {
        let (log_from, log_to) = (libm::log(from), libm::log(to));
        libm::exp(log_from + (log_to - log_from) * share)
    } else {
        from * (1.0 - share) + to * share
    };
    rounded(exact).clamp(from, to)
}

/// A number with 12 digits.
pub(super) fn rounded(exact: f64) -> f64 {
    format!("{exact:.*e}", DIGITS - 1).parse().unwrap_or(exact)
}
