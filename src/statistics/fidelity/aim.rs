//! What each cell of a line is worth where the crossing of a level is asked for.
//!
//! The crossing is where the line through the logits of neighbouring cells meets that of the level. At a share w of the way
//! from one cell to the next it moves with (1 − w) times the logit of the one, and w times that of the other. Nobody knows
//! where it is before the runs are made; so a cell is worth the root of the mean square of that, over the places at which it
//! may be. They are as likely as it is that the line is on the one side before them and on the other behind them, by a
//! normal law of the logits.

use crate::statistics::crossing::logit;
use crate::statistics::normal::cumulative;

/// Places that are looked at between two cells.
const PLACES: u32 = 16;
/// No probability counts as nearer to 0 or to 1 than this where the level is one half, and in proportion nearer where the level
/// itself is.
const NEAREST: f64 = 0.02;

/// A probability, no nearer to 0 or to 1 than counts for this level: always on its own side of it.
fn cut(probability: f64, level: f64) -> f64 {
    let nearest = 2.0 * NEAREST * level.min(1.0 - level);
    probability.clamp(nearest, 1.0 - nearest)
}

/// What is known of a cell, in the logit less that of the level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    logit: f64,
    /// What it may be off by, a standard deviation.
    error: f64,
    /// How much the logit moves with the probability.
    slope: f64,
}

impl Guess {
    /// A guess of the probability of a cell, whose logit may be off by so much.
    pub(super) fn new(probability: f64, error_of_logit: f64, level: f64) -> Guess {
        // If the crossing is beside a cell, this is not much nearer to 0 or 1 than the level is, whatever is thought of it.
        let nearest = NEAREST.min(0.5 * level.min(1.0 - level));
        let p = probability.clamp(nearest, 1.0 - nearest);
        Guess {
            logit: logit(cut(probability, level)) - logit(level),
            error: error_of_logit,
            slope: 1.0 / (p * (1.0 - p)),
        }
    }

    /// The same if it is the probability that may be off by so much. That the level is passed is as likely as it is for the
    /// probability.
    pub(super) fn with_error(probability: f64, error: f64, level: f64) -> Guess {
        let guess = Guess::new(probability, 0.0, level);
        let off = cut(probability, level) - level;
        let slope = if off.abs() > 1e-6 { guess.logit / off } else { guess.slope };
        Guess { error: slope * error, ..guess }
    }

    /// How likely the logit is above that of the level, at a share of the way from this cell to the next one.
    fn above(self, next: Guess, share: f64) -> f64 {
        let between = |a: f64, b: f64| a + share * (b - a);
        let (logit, error) = (between(self.logit, next.logit), between(self.error, next.error));
        if error > 0.0 { cumulative(logit / error) } else { f64::from(u8::from(logit > 0.0)) }
    }
}

/// What each cell of a line is worth, beside the others: ≥ 0, and not 0 in all of them.
pub(super) fn worth(line: &[Guess]) -> Vec<f64> {
    let mut squares = vec![0.0; line.len()];
    // A crossing may be beyond an end: it shows at the last cell.
    for end in [0, line.len().saturating_sub(1)] {
        if let Some(guess) = line.get(end) {
            let above = guess.above(*guess, 0.0);
            squares[end] += above.min(1.0 - above) * guess.slope * guess.slope;
        }
    }
    for (cell, pair) in line.windows(2).enumerate() {
        let share = |place: u32| f64::from(place) / f64::from(PLACES);
        for place in 0..PLACES {
            let chance = (pair[0].above(pair[1], share(place + 1)) - pair[0].above(pair[1], share(place))).abs();
            let middle = share(place) + 0.5 / f64::from(PLACES);
            for (cell, guess, moves) in [(cell, pair[0], 1.0 - middle), (cell + 1, pair[1], middle)] {
                squares[cell] += chance * (moves * guess.slope) * (moves * guess.slope);
            }
        }
    }
    if squares.iter().all(|&square| square <= 0.0) {
        return vec![1.0; line.len()];
    }
    squares.into_iter().map(f64::sqrt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(probabilities: &[f64], error: f64) -> Vec<Guess> {
        probabilities.iter().map(|&p| Guess::new(p, error, 0.5)).collect()
    }

    #[test]
    fn where_the_crossing_is_known_its_neighbours_alone_are_worth_something() {
        let found = worth(&line(&[0.02, 0.1, 0.4, 0.7, 0.95], 1e-3));
        assert_eq!([found[0], found[1], found[4]], [0.0; 3]);
        // A third of the way from one to the other, in the logit.
        let at = 0.405_465 / (0.405_465 + 0.847_298);
        let expected = (1.0 - at) / at * (0.7 * 0.3) / (0.4 * 0.6);
        assert!((found[2] / found[3] / expected - 1.0).abs() < 0.1, "{found:?} {expected}");
    }

    #[test]
    fn where_it_is_not_known_more_are() {
        let found = worth(&line(&[0.02, 0.1, 0.4, 0.7, 0.95], 1.0));
        // How the crossing moves with the logit of a cell, most where it is most likely.
        let moves: Vec<f64> =
            [0.02, 0.1, 0.4, 0.7, 0.95].iter().zip(&found).map(|(p, worth)| worth * p * (1.0 - p)).collect();
        let is_rising = moves.windows(2).map(|pair| pair[0] < pair[1]).collect::<Vec<_>>();
        assert!(moves[0] > 0.0 && is_rising == [true, true, false, false], "{moves:?}");
        // An end that may be on either side, and one that is not.
        let found = worth(&line(&[0.05, 0.1, 0.2, 0.45], 0.3));
        assert!(found[3] > 10.0 * found[0], "{found:?}");
        // Nothing to be found: all alike.
        assert_eq!(worth(&line(&[0.1, 0.1], 0.0)), [1.0, 1.0]);
        assert_eq!(worth(&[]), [0.0; 0]);
    }

    #[test]
    fn at_an_extreme_level_too_the_cells_at_the_crossing_are_worth_most() {
        let all = [1e-6, 1e-4, 1e-3, 0.006, 0.02, 0.2, 0.6, 0.9];
        for (level, turned) in [(0.01, false), (0.99, true)] {
            let line = |error: f64| -> Vec<Guess> {
                all.iter().map(|p| Guess::new(if turned { 1.0 - p } else { *p }, error, level)).collect()
            };
            let most = |worth: &[f64]| {
                let mut cells: Vec<usize> = (0..all.len()).collect();
                cells.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
                cells[..2].iter().copied().min().zip(cells[..2].iter().copied().max())
            };
            let known = worth(&line(0.2));
            assert_eq!(most(&known), Some((3, 4)), "{known:?}");
            // Where less is known, as by the limit: with the deviation of an outcome, by which runs are shared out.
            let doubts: Vec<f64> =
                all.iter().zip(worth(&line(1.0))).map(|(p, worth)| worth * (p * (1.0 - p)).sqrt()).collect();
            assert_eq!(most(&doubts), Some((3, 4)), "{doubts:?}");
            assert!(doubts[0] < 0.01 * doubts[3] && doubts[7] < 0.1 * doubts[3], "{doubts:?}");
        }
    }

    #[test]
    fn a_cell_is_as_surely_on_a_side_as_its_probability() {
        // Three standard errors from the level, though the logit's linear error would be 5 of its own.
        let guess = Guess::with_error(0.05, 0.15, 0.5);
        assert!((guess.logit / guess.error + 3.0).abs() < 1e-12);
        assert!((Guess::with_error(0.5, 0.1, 0.5).error - 0.4).abs() < 1e-12);
    }
}
