//! Which checkpoints are put into one.
//!
//! A checkpoint is written every few seconds, and an interrupted sweep is read from all of them. So that they stay few,
//! and that no row is written more than a few times, checkpoints of about one size are merged once there are
//! [`MERGED`] of them: as the digits of a counter to the base of [`MERGED`], the number of files and of rewrites grows
//! with the logarithm of the number of runs.

use std::collections::BTreeMap;

use super::size::Size;

/// So many checkpoints of about one size are merged.
const MERGED: usize = 8;
/// Rows of traces that count as one run.
const TRACE_ROWS_PER_RUN: u64 = 10;

/// The group of some checkpoints that is merged next: `MERGED` or more of about one size that fit into one.
pub(super) fn of_one_size(sizes: impl Iterator<Item = (usize, Size)>) -> Option<Vec<usize>> {
    let digits = |size: Size| size.runs.max(size.trace_rows / TRACE_ROWS_PER_RUN).max(1).ilog(MERGED as u64);
    group(sizes, digits, MERGED)
}

/// The group of some checkpoints that is merged next: two or more of whatever size that fit into one.
pub(super) fn of_any_size(sizes: impl Iterator<Item = (usize, Size)>) -> Option<Vec<usize>> {
    group(sizes, |_| 0, 2)
}

/// At least `least` checkpoints of one class that fit into one, by their indices.
fn group(sizes: impl Iterator<Item = (usize, Size)>, class: impl Fn(Size) -> u32, least: usize) -> Option<Vec<usize>> {
    let mut groups: BTreeMap<u32, (Vec<usize>, Size)> = BTreeMap::new();
    for (index, size) in sizes {
        let (indices, total) = groups.entry(class(size)).or_default();
        if !total.fits_with(size) {
            if indices.len() >= least {
                break;
            }
            (*indices, *total) = (Vec::new(), Size::default());
        }
        indices.push(index);
        *total += size;
    }
    groups.into_values().map(|(indices, _)| indices).find(|indices| indices.len() >= least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::size::{RUNS_AT_ONCE, TRACE_ROWS_AT_ONCE};

    fn runs(sizes: &[u64]) -> impl Iterator<Item = (usize, Size)> {
        sizes.iter().map(|&runs| Size { runs, trace_rows: 0 }).enumerate()
    }

    #[test]
    fn eight_of_about_one_size_are_merged_and_fewer_are_not() {
        assert_eq!(of_one_size(runs(&[1, 2, 3, 4, 5, 6, 7])), None);
        assert_eq!(of_one_size(runs(&[1, 500, 2, 3, 4, 5, 6, 7, 7])), Some(vec![0, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(of_one_size(runs(&[8; 8])), Some((0..8).collect()));
    }

    #[test]
    fn what_is_merged_fits_into_one_file() {
        let half = u64::from(RUNS_AT_ONCE) / 2;
        assert_eq!(of_any_size(runs(&[half, half, half])), Some(vec![0, 1]));
        assert_eq!(of_any_size(runs(&[2 * half, 1, 2 * half, 2])), None);
        assert_eq!(of_any_size(runs(&[2 * half, 1, 2])), Some(vec![1, 2]));
        let traces = Size { runs: 1, trace_rows: u64::from(TRACE_ROWS_AT_ONCE) / 2 + 1 };
        assert_eq!(of_any_size([(0, traces), (1, traces)].into_iter()), None);
        assert_eq!(of_any_size(runs(&[5])), None);
    }
}
