//! Promotion: online children that are eligible become super nodes.

use super::Overlay;
use crate::engine::population::ids::{ChildSite, SuperNodeId};
use crate::prefetch::{BLOCK, prefetch};
use crate::random::{Stream, below};
use rand_xoshiro::rand_core::Rng;

impl Overlay {
    /// Makes super nodes of up to `count` of the online children that are eligible, each chosen uniformly among those
    /// left. Returns how many it made.
    pub(crate) fn promote(&mut self, count: u32, stream: &mut Stream) -> u32 {
        let wanted = count.min(self.online.eligible);
        let (mut left, mut tries) = (wanted, 0);
        let mut block = [ChildSite::default(); BLOCK];
        while left > 0 {
            // Trying at random takes fewer steps than going through the super nodes, unless there are few such
            // children. 16 times the expected number of tries do not suffice once in 10⁷ times.
            let sites = self.nodes.len() as u64 * u64::from(self.online.most_eligible);
            let expected = sites / u64::from(self.online.eligible) + 1;
            if expected > self.nodes.len() as u64 / 4 || tries > 16 * expected {
                let rank = below(stream, self.online.eligible);
                self.promote_of_all(rank);
                (left, tries) = (left - 1, 0);
                continue;
            }
            let block = &mut block[..(u64::from(left) * expected).min(BLOCK as u64) as usize];
            for site in block.iter_mut() {
                *site = self.child_site(stream.next_u64(), self.online.most_eligible);
                prefetch(&self.nodes, site.supernode.index());
            }
            // The rank is one among the eligible online children. They only become fewer meanwhile, and a new super node,
            // whose index may be an old one, has none: so a site that hits hits each of those left as often.
            for &ChildSite { supernode, rank } in block.iter() {
                tries += 1;
                if left > 0 && rank < self.nodes[supernode.index()].eligible.into() {
                    self.promote_one(supernode, rank);
                    (left, tries) = (left - 1, 0);
                }
            }
        }
        wanted
    }

    /// Makes a super node of the child of this rank among those of all super nodes that are online and eligible.
    fn promote_of_all(&mut self, rank: u32) {
        let mut left = rank;
        let found = self.nodes.iter().position(|node| {
            let is_here = left < node.eligible.into();
            left -= if is_here { 0 } else { u32::from(node.eligible) };
            is_here
        });
        if let Some(index) = found {
            self.promote_one(SuperNodeId(index as u32), left);
        }
    }

    /// Makes a super node of the child of this rank among those of a super node that are online and eligible.
    fn promote_one(&mut self, supernode: SuperNodeId, rank: u32) {
        let online = self.children.classes(supernode, true);
        let chosen = online
            .filter(|(class, _)| class.is_eligible())
            .flat_map(|(class, count)| std::iter::repeat_n(class, count.into()))
            .nth(rank as usize);
        if let Some(class) = chosen {
            self.detach_online(supernode, class);
            self.add(Some(class));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::overlay;
    use crate::engine::population::clients::Class;
    use crate::random::{Purpose, stream};

    #[test]
    fn every_eligible_online_child_is_promoted_as_often_however_few_they_are() {
        // With 40 super nodes there are enough of them to try at random; with 2 there are not.
        for (supernodes, promotions) in [(40, 1), (40, 70), (2, 1), (2, 3)] {
            let (mut overlay, ids) = overlay(75, 100, supernodes);
            for (number, &supernode) in ids.iter().enumerate() {
                overlay.attach(Class(0), true, supernode);
                overlay.attach(Class(6), false, supernode);
                (0..=number % 2).for_each(|_| overlay.attach(Class(2), true, supernode));
                overlay.attach(Class(7), true, supernode);
            }
            let eligible = supernodes as u32 / 2 * 5;
            assert_eq!(overlay.eligible(), eligible);
            let mut stream = stream(8, Purpose::Promotion);
            let mut promoted = std::collections::BTreeMap::new();
            let rounds = 100_000 * supernodes as u32 / promotions;
            for _ in 0..rounds {
                assert_eq!(overlay.promote(promotions, &mut stream), promotions);
                assert_eq!(
                    (overlay.live(), overlay.eligible()),
                    (supernodes as u32 + promotions, eligible - promotions)
                );
                for &supernode in &ids {
                    for (class, number) in [(Class(2), 1 + supernode.0 % 2), (Class(7), 1)] {
                        let left = overlay.children.classes(supernode, true).find(|&(other, _)| other == class);
                        let missing = number - u32::from(left.unwrap().1);
                        *promoted.entry((supernode.0, class.0)).or_insert(0) += missing;
                        (0..missing).for_each(|_| overlay.attach(class, true, supernode));
                    }
                }
                while let Some(&supernode) = overlay.live.order().get(supernodes) {
                    assert!(overlay.owner(supernode).is_some_and(Class::is_eligible));
                    overlay.kill(supernode);
                }
                overlay.orphan_children(0, |_, _, _| ());
            }
            assert_eq!(promoted.len(), 2 * supernodes);
            let of_one = f64::from(rounds * promotions) / f64::from(eligible);
            for ((supernode, class), count) in promoted {
                let expected = if class == 2 { of_one * f64::from(1 + supernode % 2) } else { of_one };
                // Those of a round exclude each other, so that the law is no wider than Poisson's. 7 standard errors: a
                // false alarm below 168 · 3e-12.
                assert!((f64::from(count) - expected).abs() < 7.0 * expected.sqrt(), "{supernode} {class}");
            }
        }
    }
}
