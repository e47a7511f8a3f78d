//! The labels of the points of an axis, short enough for a column and all different.

use super::screen::differ;
use crate::parameters::Value;
use crate::sweep::{Axis, AxisLabel};

/// Significant digits of a number, where these tell it from the others.
const DIGITS: usize = 3;
/// Digits that tell any two numbers apart.
const DIGITS_MAX: usize = 17;

/// The labels of some points of an axis. Numbers have three significant digits, or as many as it takes to tell them
/// apart.
pub(super) fn labels(axis: &Axis, points: &[usize]) -> Vec<String> {
    let with = |digits: usize| points.iter().map(|&point| label(axis, point, digits)).collect::<Vec<_>>();
    (DIGITS..DIGITS_MAX).map(with).find(|labels| differ(labels)).unwrap_or_else(|| with(DIGITS_MAX))
}

fn label(axis: &Axis, point: usize, digits: usize) -> String {
    axis.label(point).map(|label| in_words(label, digits)).unwrap_or_default()
}

/// A label in words, numbers with so many significant digits.
pub(in crate::summary) fn in_words(label: AxisLabel, digits: usize) -> String {
    match label {
        AxisLabel::Value(Value::Number(x)) => number(*x, digits),
        AxisLabel::Value(Value::Choice(word)) => (*word).to_owned(),
        label => label.to_string(),
    }
}

/// A number with three significant digits.
pub(in crate::summary) fn short(x: f64) -> String {
    number(x, DIGITS)
}

/// A number with so many significant digits.
pub(in crate::summary) fn number(x: f64, digits: usize) -> String {
    let size = x.abs();
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !(0.001..1e6).contains(&size) {
        return format!("{x:.*e}", digits - 1);
    }
    let decimals = (digits as f64 - 1.0 - libm::floor(libm::log10(size))).max(0.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.0, "0"),
            (0.012, "0.012"),
            (0.30000000000000004, "0.3"),
            (150.0, "150"),
            (1800.0, "1800"),
            (2.5, "2.5"),
            (1e9, "1.00e9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(x), text);
        }
    }

    #[test]
    fn points_that_lie_close_together_keep_the_digits_that_tell_them_apart() {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.3912, 0.3914, 0.5]\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        assert_eq!(labels(&sweep.axes[0], &[0, 1, 2]), ["0.3912", "0.3914", "0.5"]);
        assert_eq!(labels(&sweep.axes[0], &[0, 2]), ["0.391", "0.5"]);
    }
}
