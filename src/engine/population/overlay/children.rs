//! How many children of each class the super nodes have, online or not.
//!
//! Which of its slots a child occupies matters to nobody, and children of the same class are exchangeable: so a super
//! node has numbers, and not a list. A number takes 8 bits if no super node has more slots than that, which is half the
//! memory, and 16 otherwise.

use crate::engine::population::clients::Class;
use crate::engine::population::ids::SuperNodeId;
use crate::prefetch::prefetch;

/// A row of words for each super node. For each region it has the numbers of its four classes online, and then those
/// that are not: 8 numbers of 8 bits in a word, or of 16 bits in two.
#[derive(Default)]
pub(super) struct Children {
    /// Whether numbers have 16 bits.
    wide: bool,
    /// Words in a row.
    row: usize,
    words: Vec<u64>,
}

impl Children {
    /// No rows, for super nodes of `slots` slots, below 2¹⁶, and clients of `regions` regions.
    pub(super) fn reset(&mut self, slots: u16, regions: usize) {
        self.wide = slots > u8::MAX.into();
        self.row = regions << u32::from(self.wide);
        self.words.clear();
    }

    /// Adds a row of zeros.
    pub(super) fn add_supernode(&mut self) {
        self.words.resize(self.words.len() + self.row, 0);
    }

    /// The index of the word that has a number, and the lowest bit of the number in it.
    #[inline(always)]
    fn locate(&self, supernode: SuperNodeId, class: Class, online: bool) -> (usize, u32) {
        let number = class.within_region() as u32;
        let (region, row) = (class.region(), supernode.index() * self.row);
        if self.wide {
            (row + 2 * region + usize::from(!online), 16 * number)
        } else {
            (row + region, 8 * number + if online { 0 } else { 32 })
        }
    }

    /// A child joins.
    #[inline(always)]
    pub(super) fn add(&mut self, supernode: SuperNodeId, class: Class, online: bool) {
        let (word, bit) = self.locate(supernode, class, online);
        self.words[word] += 1 << bit;
    }

    /// A child goes.
    #[inline(always)]
    pub(super) fn remove(&mut self, supernode: SuperNodeId, class: Class, online: bool) {
        let (word, bit) = self.locate(supernode, class, online);
        self.words[word] -= 1 << bit;
    }

    fn row(&self, supernode: SuperNodeId) -> &[u64] {
        &self.words[supernode.index() * self.row..][..self.row]
    }

    /// The class of the online child of this rank, in the order of classes; none if there are not so many.
    #[inline(always)]
    pub(super) fn class(&self, supernode: SuperNodeId, rank: u32) -> Option<Class> {
        let row = self.row(supernode);
        if self.wide {
            of_rank(rank, row.iter().step_by(2).map(|&word| Four16(word).running_sums()))
        } else {
            of_rank(rank, row.iter().map(|&word| Four8(word as u32).running_sums()))
        }
    }

    /// The classes of the children that are online, or of those that are not, with how many there are of each, 0 too.
    pub(super) fn classes(&self, supernode: SuperNodeId, online: bool) -> impl Iterator<Item = (Class, u16)> {
        let regions = if self.wide { self.row / 2 } else { self.row };
        (0..regions * Class::OF_A_REGION).map(move |class| {
            let class = Class(class as u8);
            let (word, bit) = self.locate(supernode, class, online);
            let number = self.words[word] >> bit;
            (class, if self.wide { number as u16 } else { u16::from(number as u8) })
        })
    }

    /// All children are gone.
    pub(super) fn clear(&mut self, supernode: SuperNodeId) {
        self.words[supernode.index() * self.row..][..self.row].fill(0);
    }

    /// Asks for a row.
    #[inline(always)]
    pub(super) fn prefetch(&self, supernode: SuperNodeId) {
        // It may lie in two cache lines.
        prefetch(&self.words, supernode.index() * self.row);
        prefetch(&self.words, (supernode.index() + 1) * self.row - 1);
    }
}

/// Online children of all super nodes, and bounds on those of each.
#[derive(Default)]
pub(super) struct Online {
    /// Those of all super nodes that are eligible.
    pub(super) eligible: u32,
    /// No super node has more online children, or has had since the last count of the maxima.
    pub(super) most: u32,
    /// The same of those that are eligible.
    pub(super) most_eligible: u32,
}

impl Online {
    /// No children.
    pub(super) fn reset(&mut self) {
        *self = Online { eligible: 0, most: 1, most_eligible: 1 };
    }
}

/// Four numbers of 8 bits, the first in the lowest ones, whose sum has no more than 8 bits.
#[derive(Clone, Copy)]
struct Four8(u32);

impl Four8 {
    /// The first number, the sum of the first two, of the first three, and of all four: a product, in which nothing is
    /// carried over, since no sum exceeds the slots.
    #[inline(always)]
    fn running_sums(self) -> [u32; 4] {
        self.0.wrapping_mul(0x0101_0101).to_le_bytes().map(u32::from)
    }
}

/// Four numbers of 16 bits, the first in the lowest ones, whose sum has no more than 16 bits.
#[derive(Clone, Copy)]
struct Four16(u64);

impl Four16 {
    /// As of [`Four8`].
    #[inline(always)]
    fn running_sums(self) -> [u32; 4] {
        let sums = self.0.wrapping_mul(0x0001_0001_0001_0001);
        [0, 16, 32, 48].map(|bit| u32::from((sums >> bit) as u16))
    }
}

/// The class of a rank, from the running sums of the numbers of the classes of each region; none if the rank is higher.
#[inline(always)]
fn of_rank(mut rank: u32, regions: impl Iterator<Item = [u32; Class::OF_A_REGION]>) -> Option<Class> {
    for (region, [a, b, c, all]) in regions.enumerate() {
        if rank < all {
            let class = usize::from(rank >= a) + usize::from(rank >= b) + usize::from(rank >= c);
            return Some(Class((region * Class::OF_A_REGION + class) as u8));
        }
        rank -= all;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_sums_add_up_the_packed_numbers() {
        for numbers in [[0, 0, 0, 0], [1, 2, 3, 4], [255, 0, 0, 0], [0, 0, 0, 255], [100, 55, 99, 1]] {
            let sums = |[a, b, c, d]: [u32; 4]| [a, a + b, a + b + c, a + b + c + d];
            assert_eq!(Four8(u32::from_le_bytes(numbers)).running_sums(), sums(numbers.map(u32::from)));
            let wide = numbers.map(|number| u16::from(number) * 257);
            let word = wide.iter().rev().fold(0, |word, &number| word << 16 | u64::from(number));
            assert_eq!(Four16(word).running_sums(), sums(wide.map(u32::from)));
        }
    }

    #[test]
    fn numbers_of_either_width_count_up_to_all_slots_and_never_touch_each_other() {
        for slots in [255, 256, u16::MAX] {
            let mut children = Children::default();
            children.reset(slots, 3);
            (0..3).for_each(|_| children.add_supernode());
            for (number, online) in (0..12).flat_map(|class| [(class, true), (class, false)]) {
                let (supernode, class) = (SuperNodeId(1), Class(number));
                (0..slots).for_each(|_| children.add(supernode, class, online));
                for (other, is_online) in (0..12).flat_map(|class| [(Class(class), true), (Class(class), false)]) {
                    let expected = if (other, is_online) == (class, online) { slots } else { 0 };
                    assert!(children.classes(supernode, is_online).any(|found| found == (other, expected)));
                }
                let last = u32::from(slots) - 1;
                assert_eq!(children.class(supernode, last), online.then_some(class));
                assert_eq!(children.class(supernode, last + 1), None);
                (0..slots).for_each(|_| children.remove(supernode, class, online));
            }
            for neighbour in [0, 2].map(SuperNodeId) {
                for online in [true, false] {
                    assert!(children.classes(neighbour, online).all(|(_, count)| count == 0));
                }
            }
        }
    }

    #[test]
    fn ranks_go_through_the_online_children_in_the_order_of_their_classes() {
        for slots in [75, 300] {
            let mut children = Children::default();
            children.reset(slots, 3);
            children.add_supernode();
            let supernode = SuperNodeId(0);
            let online = [0, 0, 1, 3, 3, 6, 9, 11].map(Class);
            online.iter().rev().for_each(|&class| children.add(supernode, class, true));
            [0, 2, 6, 7].map(Class).iter().for_each(|&class| children.add(supernode, class, false));
            let by_rank: Vec<Option<Class>> = (0..9).map(|rank| children.class(supernode, rank)).collect();
            let expected: Vec<Option<Class>> = online.into_iter().map(Some).chain([None]).collect();
            assert_eq!(by_rank, expected);
            children.clear(supernode);
            assert_eq!(children.class(supernode, 0), None);
        }
    }
}
