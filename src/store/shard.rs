//! Which part of the cells a process runs.

use std::fmt;
use std::str::FromStr;

/// Most shards of a sweep.
const SHARDS_MAX: u32 = 1_000_000;

/// Part `index` of `count` parts of the cells; of the groups of cells, where these are decided together.
///
/// Cells that lie beside each other cost about the same, and one that collapses many times what a healthy one does. So
/// a shard takes one cell of each group of `count` cells, another position in each group: it meets every point of every
/// axis, also of one that has `count` points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// All cells.
    pub const ALL: Shard = Shard { index: 0, count: 1 };

    /// Part `index` of `count`; `None` unless 0 ≤ index < count ≤ 1,000,000.
    pub fn new(index: u32, count: u32) -> Option<Shard> {
        (index < count && count <= SHARDS_MAX).then_some(Shard { index, count })
    }

    /// Which of the parts it is, 0 ≤ index < count.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Number of parts.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The shard of `count` that runs a cell.
    pub fn index_of(cell: u32, count: u32) -> u32 {
        let (group, position) = (u64::from(cell / count), u64::from(cell % count));
        // Multiples of the golden ratio are spread evenly.
        let rotation = (group.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % u64::from(count);
        ((position + rotation) % u64::from(count)) as u32
    }

    /// Whether it runs a cell.
    pub fn has(self, cell: u32) -> bool {
        Shard::index_of(cell, self.count) == self.index
    }

    /// How many of the first `cells` cells it runs.
    pub fn size(self, cells: u32) -> u32 {
        let groups = cells / self.count;
        groups + (groups * self.count..cells).filter(|&cell| self.has(cell)).count() as u32
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        text.split_once('/')
            .and_then(|(index, count)| Shard::new(index.parse().ok()?, count.parse().ok()?))
            .ok_or_else(|| format!("expected I/N with 0 ≤ I < N ≤ {SHARDS_MAX}, such as 0/8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_one_shard_and_shards_are_of_one_size() {
        for (cells, count) in [(99, 10), (7, 10), (1000, 1), (1001, 100), (64, 8)] {
            let shards: Vec<Shard> = (0..count).map(|index| Shard::new(index, count).unwrap()).collect();
            for cell in 0..cells {
                assert_eq!(shards.iter().filter(|shard| shard.has(cell)).count(), 1);
            }
            for shard in shards {
                assert_eq!(shard.size(cells), (0..cells).filter(|&cell| shard.has(cell)).count() as u32);
                assert!(shard.size(cells).abs_diff(cells / count) <= 1);
            }
        }
    }

    #[test]
    fn a_shard_meets_every_point_of_an_axis_with_as_many_points_as_there_are_shards() {
        let shard = Shard::new(3, 10).unwrap();
        let mut met = [0; 10];
        (0..1000).filter(|&cell| shard.has(cell)).for_each(|cell| met[cell as usize % 10] += 1);
        assert!(met.iter().all(|count| (5..=15).contains(count)), "{met:?}");
    }

    #[test]
    fn a_shard_is_written_as_part_and_number_of_parts() {
        assert_eq!("3/10".parse(), Ok(Shard { index: 3, count: 10 }));
        for wrong in ["", "3", "10/10", "-1/3", "1/0", "0/2000000", "1/2/3", "a/b"] {
            assert!(wrong.parse::<Shard>().unwrap_err().contains("0 ≤ I < N"));
        }
    }
}
