//! Which cells are decided together: those that are compared with each other, or each by itself.

use crate::sweep::types::{Axis, Sweep};

/// The cells of a sweep in groups of one size. The cells of a group differ in the point of one axis alone.
///
/// All groups that have cells among `span` cells beside each other, from a multiple of `span` on, lie among them as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    size: u32,
    /// By how much the numbers of two cells of a group differ that are one point apart.
    stride: u32,
}

impl Sweep {
    /// Which cells are decided together.
    pub fn groups(&self) -> Groups {
        self.compare.map_or(Groups { size: 1, stride: 1 }, |compare| self.groups_along(compare.axis))
    }

    /// The cells that differ in the point of one axis alone.
    pub fn groups_along(&self, axis: usize) -> Groups {
        let size = |axis: &Axis| axis.size().max(1) as u32;
        let later = self.axes.iter().skip(axis + 1).map(size);
        Groups { size: self.axes.get(axis).map_or(1, size), stride: later.product() }
    }
}

impl Groups {
    /// Number of cells of each group.
    pub fn size(self) -> u32 {
        self.size
    }

    /// Cells beside each other that hold whole groups.
    pub fn span(self) -> u32 {
        self.size.saturating_mul(self.stride)
    }

    /// The number of the group of a cell.
    pub fn of(self, cell: u32) -> u32 {
        cell / self.span() * self.stride + cell % self.stride
    }

    /// The cells of a group, in order.
    pub fn cells(self, group: u32) -> impl ExactSizeIterator<Item = u32> + use<> {
        let first = group / self.stride * self.span() + group % self.stride;
        (0..self.size).map(move |point| first + point * self.stride)
    }

    /// Whether a cell is the first one of its group.
    pub fn is_first(self, cell: u32) -> bool {
        cell % self.span() < self.stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_group_differ_in_the_compared_axis_alone() {
        for (compared, span) in [("a", 24), ("b", 12), ("c", 4)] {
            let axis = |name: &str, points: usize| {
                let labels: Vec<String> = (0..points).map(|point| format!("{{ label = \"{point}\" }}")).collect();
                format!("[[axis]]\nname = \"{name}\"\nvariants = [{}]\n", labels.join(", "))
            };
            let axes = [axis("a", 2), axis("b", 3), axis("c", 4)].concat();
            let toml = format!("name = \"t\"\n{axes}[compare]\naxis = \"{compared}\"\n");
            let sweep = Sweep::parse(&toml, "t.toml", &[]).unwrap();
            let (groups, along) = (sweep.groups(), sweep.compare.unwrap().axis);
            assert_eq!(groups.span(), span);
            let mut seen = 0;
            for group in 0..sweep.cells() / groups.size() {
                let cells: Vec<u32> = groups.cells(group).collect();
                seen += cells.len();
                for (point, &cell) in cells.iter().enumerate() {
                    assert_eq!((groups.of(cell), groups.is_first(cell)), (group, point == 0));
                    assert_eq!(cell / span, cells[0] / span, "a span holds whole groups");
                    let (mut at, mut first) = (sweep.coordinates(cell), sweep.coordinates(cells[0]));
                    assert_eq!(std::mem::take(&mut at[along]), point);
                    first[along] = 0;
                    assert_eq!(at, first);
                }
            }
            assert_eq!(seen, 24);
        }
        let alone = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap().groups();
        assert_eq!((alone.of(7), alone.cells(7).collect::<Vec<u32>>(), alone.is_first(7)), (7, vec![7], true));
    }
}
