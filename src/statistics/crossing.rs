//! Where a probability that is known at some points of a line crosses a level.
//!
//! Nothing is assumed about the line but what its points say: it may cross once, several times or never, or lie at the
//! level over a while. A point is *surely* on a side if its interval leaves out the level. Between two points that are
//! surely on different sides, with none that is sure between them, there is a crossing, as surely as the two intervals
//! hold; that range is its interval. Where it is inside is estimated: from the isotonic regression of the points there
//! (Ayer et al. 1955, Ann. Math. Statist. 26:641), linearly in the logit between the two points beside the level.
//!
//! Before the first sure point and behind the last one a crossing is told if the estimates change sides there; its
//! interval is open at that end.

use super::interval::Interval;

/// A logit that is nearer to the level's than this is on the level.
const ON_THE_LEVEL: f64 = 1e-9;

/// What is known at one point of a line.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Where it is.
    pub x: f64,
    /// An estimate of its probability that is never 0 or 1, so that it has a logit.
    pub estimate: f64,
    /// What the logit of the estimate counts for beside those of the others, > 0.
    pub weight: f64,
    /// The interval of its probability.
    pub interval: Interval,
}

impl Point {
    /// A point with so many runs, ≥ 1, of which some had an outage.
    pub fn of_runs(x: f64, outages: u32, runs: u32, interval: Interval) -> Point {
        Point { x, estimate: (f64::from(outages) + 0.5) / (f64::from(runs) + 1.0), weight: f64::from(runs), interval }
    }
}

/// The logarithm of the odds of a probability.
pub fn logit(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}

/// A crossing of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Whether the probability rises there.
    pub rises: bool,
    /// Where it is, about.
    pub at: f64,
    /// The last point before it that is surely on the one side; `None` if there is none.
    pub low: Option<f64>,
    /// The first point behind it that is surely on the other side; `None` if there is none.
    pub high: Option<f64>,
}

/// The crossings of a level, in (0, 1), by a line whose points are in ascending order.
pub fn crossings(points: &[Point], level: f64) -> Vec<Crossing> {
    let sure: Vec<(usize, bool)> =
        points.iter().enumerate().filter_map(|(index, point)| Some((index, point.interval.side_of(level)?))).collect();
    let is_above = |point: &Point| point.estimate > level;
    let x = |index: usize| Some(points[index].x);
    let crossing = |range: &[Point], rises, low, high| Crossing { rises, at: place(range, level, rises), low, high };
    let mut found = Vec::new();
    let (Some(&first), Some(&last)) = (sure.first(), sure.last()) else {
        // Nothing is sure: the estimates alone tell.
        if let [a, .., b] = points
            && is_above(a) != is_above(b)
        {
            found.push(crossing(points, is_above(b), None, None));
        }
        return found;
    };
    if points.first().is_some_and(|point| is_above(point) != first.1) {
        found.push(crossing(&points[..=first.0], first.1, None, x(first.0)));
    }
    for pair in sure.windows(2) {
        let ((a, from), (b, to)) = (pair[0], pair[1]);
        if from != to {
            found.push(crossing(&points[a..=b], to, x(a), x(b)));
        }
    }
    if points.last().is_some_and(|point| is_above(point) != last.1) {
        found.push(crossing(&points[last.0..], !last.1, x(last.0), None));
    }
    found
}

/// Where a line that rises, or falls, through the level crosses it, about.
fn place(points: &[Point], level: f64, rises: bool) -> f64 {
    let sign = if rises { 1.0 } else { -1.0 };
    // Falling lines are turned around: their fit rises from below the level, too.
    let weighted = points.iter().map(|point| (sign * (logit(point.estimate) - logit(level)), point.weight));
    let fit = isotonic(weighted);
    let above = fit.partition_point(|&value| value <= ON_THE_LEVEL);
    let below = fit.partition_point(|&value| value < -ON_THE_LEVEL);
    if above > below {
        // On the level.
        return 0.5 * (points[below].x + points[above - 1].x);
    }
    match (below.checked_sub(1), fit.get(below)) {
        (Some(before), Some(&high)) => {
            let (low, from, to) = (fit[before], points[before].x, points[below].x);
            from + (to - from) * low / (low - high)
        }
        // All on one side: it lies beyond the end.
        (None, _) => points.first().map_or(f64::NAN, |point| point.x),
        (_, None) => points.last().map_or(f64::NAN, |point| point.x),
    }
}

/// The values that never fall and are nearest to these ones in their weighted squares: adjacent violators are pooled.
fn isotonic(values: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    // Sum of the values by their weights, the weights, and how many there are.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut block = (value * weight, weight, 1);
        while let Some(&(sum, weight, count)) = blocks.last()
            && sum / weight >= block.0 / block.1
        {
            blocks.pop();
            block = (block.0 + sum, block.1 + weight, block.2 + count);
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream, unit};

    fn line(outages: &[u32], runs: u32) -> Vec<Point> {
        let point = |(index, &outages): (usize, &u32)| {
            Point::of_runs(index as f64, outages, runs, Interval::fixed(outages, runs, 0.95))
        };
        outages.iter().enumerate().map(point).collect()
    }

    #[test]
    fn a_line_crosses_once_never_or_several_times() {
        let of = |outages: &[u32]| crossings(&line(outages, 100), 0.5);
        assert_eq!(of(&[0, 3, 10, 20]), []);
        let once = of(&[0, 30, 70, 100]);
        assert_eq!(once, [Crossing { rises: true, at: 1.5, low: Some(1.0), high: Some(2.0) }]);
        let twice = of(&[0, 30, 70, 100, 60, 45, 5]);
        assert_eq!(
            twice.iter().map(|c| (c.rises, c.low, c.high)).collect::<Vec<_>>(),
            [(true, Some(1.0), Some(2.0)), (false, Some(3.0), Some(6.0))]
        );
        assert!((4.0..5.0).contains(&twice[1].at), "{twice:?}");
    }

    #[test]
    fn a_plateau_at_the_level_is_one_crossing_in_a_wide_interval() {
        let found = crossings(&line(&[2, 50, 52, 48, 50, 97], 100), 0.5);
        assert_eq!(found, [Crossing { rises: true, at: 2.5, low: Some(0.0), high: Some(5.0) }]);
        // What is not sure is no second crossing.
        assert_eq!(crossings(&line(&[2, 20, 45, 56, 44, 57, 97], 100), 0.5).len(), 1);
        assert_eq!(crossings(&line(&[10, 45, 56, 47, 12], 100), 0.5), [], "a bump that may be none");
    }

    #[test]
    fn at_the_ends_of_a_line_an_interval_is_open() {
        let found = crossings(&line(&[42, 70, 95], 100), 0.5);
        assert_eq!((found.len(), found[0].rises, found[0].low, found[0].high), (1, true, None, Some(1.0)));
        assert!((0.0..1.0).contains(&found[0].at));
        let found = crossings(&line(&[5, 30, 58], 100), 0.5);
        assert_eq!((found.len(), found[0].low, found[0].high), (1, Some(1.0), None));
        let found = crossings(&line(&[46, 54], 100), 0.5);
        assert_eq!((found.len(), found[0].at, found[0].low, found[0].high), (1, 0.5, None, None));
        assert_eq!(crossings(&line(&[46, 48], 100), 0.5), []);
        assert_eq!(crossings(&line(&[96], 100), 0.5), []);
        assert_eq!(crossings(&[], 0.5), []);
    }

    #[test]
    fn the_interval_holds_the_crossing_and_the_estimate_is_near_it() {
        // 21 points of 60 runs on a logistic curve that crosses one half at 10.3.
        let mut stream = stream(18, Purpose::Test("crossings"));
        let (mut held, mut square) = (0, 0.0);
        for _ in 0..400 {
            let outages: Vec<u32> = (0..21)
                .map(|x| {
                    let p = 1.0 / (1.0 + libm::exp(-(f64::from(x) - 10.3) / 2.0));
                    (0..60).map(|_| u32::from(unit(&mut stream) < p)).sum()
                })
                .collect();
            let found = crossings(&line(&outages, 60), 0.5);
            let [crossing] = found.as_slice() else { continue };
            held += u32::from(crossing.low.unwrap() <= 10.3 && 10.3 <= crossing.high.unwrap());
            square += (crossing.at - 10.3) * (crossing.at - 10.3) / 400.0;
        }
        // 98 in 100 hold (computed with another program); 5 standard errors below: a false alarm below 1e-6.
        assert!(held >= 378, "{held} of 400");
        assert!(square.sqrt() < 0.45, "{square}");
    }
}
