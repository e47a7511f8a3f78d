//! Which run it is, and ranges of runs.

use std::ops::Range;

/// A run: its cell and its replicate, the first two columns of every table but the surface. Rows are in the order of
/// these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunKey {
    /// Its cell.
    pub cell: u32,
    /// Its number within the cell.
    pub replicate: u32,
}

/// From one key to another, the latter not included.
pub(super) type KeyRange = Range<RunKey>;

/// Every key.
pub(super) const ALL_KEYS: KeyRange = RunKey { cell: 0, replicate: 0 }..RunKey { cell: u32::MAX, replicate: u32::MAX };

/// The keys of all runs of some cells.
pub(super) fn keys_of(cells: Range<u32>) -> KeyRange {
    RunKey { cell: cells.start, replicate: 0 }..RunKey { cell: cells.end, replicate: 0 }
}

/// Divides the runs of some cells into ranges of at most `size` keys; `replicates(cell)` is how many a cell has.
pub(super) fn divide(cells: Range<u32>, size: u32, replicates: impl Fn(u32) -> u32) -> Vec<KeyRange> {
    let size = size.max(1);
    let mut ranges = Vec::new();
    let (mut start, mut keys) = (keys_of(cells.clone()).start, 0);
    for cell in cells.clone() {
        let (n, mut taken) = (replicates(cell), 0);
        while keys + (n - taken) > size {
            taken += size - keys;
            let end = RunKey { cell, replicate: taken };
            ranges.push(start..end);
            (start, keys) = (end, 0);
        }
        keys += n - taken;
    }
    ranges.push(start..keys_of(cells).end);
    ranges
}

/// How many runs a range of keys has; `replicates(cell)` is how many a cell has.
pub(super) fn count(range: &KeyRange, replicates: impl Fn(u32) -> u32) -> u64 {
    // A range that ends at the first replicate of a cell has nothing of it, also if there is no such cell.
    let below = |key: RunKey| if key.replicate == 0 { 0 } else { key.replicate.min(replicates(key.cell)) };
    let whole: u64 = (range.start.cell..range.end.cell).map(|cell| u64::from(replicates(cell))).sum();
    whole + u64::from(below(range.end)) - u64::from(below(range.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_every_key_once_and_not_too_many_and_are_counted() {
        for size in [1, 3, 7, 100] {
            let replicates = |cell: u32| 2 * cell % 5;
            let ranges = divide(2..9, size, replicates);
            let all: Vec<RunKey> = (2..9)
                .flat_map(|cell| (0..replicates(cell)).map(move |replicate| RunKey { cell, replicate }))
                .collect();
            let inside = |key: &RunKey| ranges.iter().filter(|range| range.contains(key)).count();
            assert!(all.iter().all(|key| inside(key) == 1), "{size}: {ranges:?}");
            for range in &ranges {
                let keys = all.iter().filter(|key| range.contains(key)).count();
                assert!(keys <= size as usize);
                assert_eq!(count(range, replicates), keys as u64, "{range:?}");
            }
        }
    }
}
