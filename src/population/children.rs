//! How many children of each class the super nodes have.
//!
//! Which of its slots a child occupies matters to nobody, and children of the same class are exchangeable: so a super
//! node has a number for each class, and not a list.

use super::clients::Class;
use super::overlay::SuperNodeId;
use super::prefetch::prefetch;

/// How many children of one region, by class: 16 bits for each of the four classes, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct OfRegion(u64);

impl OfRegion {
    /// One child of a class.
    #[inline(always)]
    fn one(class: Class) -> u64 {
        1 << (16 * (usize::from(class.0) % Class::OF_A_REGION))
    }

    /// How many there are of the first class, of the first two, of the first three, and of all four. No sum exceeds the
    /// slots of a super node, which are fewer than 2¹⁶.
    #[inline(always)]
    fn sums(self) -> [u32; Class::OF_A_REGION] {
        OfRegion(self.0.wrapping_mul(0x0001_0001_0001_0001)).counts().map(u32::from)
    }

    /// How many there are of each class.
    #[inline(always)]
    fn counts(self) -> [u16; Class::OF_A_REGION] {
        [0, 16, 32, 48].map(|shift| (self.0 >> shift) as u16)
    }
}

/// A row of numbers for each super node: how many children of each class.
#[derive(Default)]
pub(super) struct ByClass {
    /// Words in a row.
    regions: usize,
    words: Vec<OfRegion>,
}

impl ByClass {
    /// No rows, for clients of `regions` regions.
    pub(super) fn reset(&mut self, regions: usize) {
        self.regions = regions;
        self.words.clear();
    }

    /// Adds a row of zeros.
    pub(super) fn add_supernode(&mut self) {
        self.words.resize(self.words.len() + self.regions, OfRegion::default());
    }

    /// A child joins.
    #[inline(always)]
    pub(super) fn add(&mut self, supernode: SuperNodeId, class: Class) {
        self.words[supernode.index() * self.regions + class.region()].0 += OfRegion::one(class);
    }

    /// A child goes.
    #[inline(always)]
    pub(super) fn remove(&mut self, supernode: SuperNodeId, class: Class) {
        self.words[supernode.index() * self.regions + class.region()].0 -= OfRegion::one(class);
    }

    fn row(&self, supernode: SuperNodeId) -> &[OfRegion] {
        &self.words[supernode.index() * self.regions..][..self.regions]
    }

    /// The class of the child of this rank, in the order of classes; none if there are not so many.
    #[inline(always)]
    pub(super) fn class(&self, supernode: SuperNodeId, rank: u32) -> Option<Class> {
        let mut rank = rank;
        for (region, of_region) in self.row(supernode).iter().enumerate() {
            let [a, b, c, all] = of_region.sums();
            if rank < all {
                let class = usize::from(rank >= a) + usize::from(rank >= b) + usize::from(rank >= c);
                return Some(Class((region * Class::OF_A_REGION + class) as u8));
            }
            rank -= all;
        }
        None
    }

    /// The classes of the children, with how many there are of each; those without children may be left out.
    pub(super) fn classes(&self, supernode: SuperNodeId) -> impl Iterator<Item = (Class, u16)> {
        let regions = self.row(supernode).iter().enumerate().filter(|(_, of_region)| of_region.0 != 0);
        regions.flat_map(|(region, of_region)| {
            let class = move |class| Class((region * Class::OF_A_REGION + class) as u8);
            of_region.counts().into_iter().enumerate().map(move |(number, count)| (class(number), count))
        })
    }

    /// All children are gone.
    pub(super) fn clear(&mut self, supernode: SuperNodeId) {
        self.words[supernode.index() * self.regions..][..self.regions].fill(OfRegion::default());
    }

    /// Asks for a row.
    #[inline(always)]
    pub(super) fn prefetch(&self, supernode: SuperNodeId) {
        prefetch(&self.words, supernode.index() * self.regions);
    }
}
