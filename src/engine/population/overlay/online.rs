//! The online children: how many there are, drawing them at random, and finding them by rank.

use super::Overlay;
use super::node::Node;
use crate::engine::population::clients::Class;
use crate::engine::population::ids::{ChildSite, SuperNodeId};
use crate::engine::population::tickets::Attached;
use crate::prefetch::prefetch;
use crate::random::{Stream, below, scale};
use rand_xoshiro::rand_core::Rng;

impl Overlay {
    /// Online children that are eligible: who can be promoted.
    pub(crate) fn eligible(&self) -> u32 {
        self.online.eligible
    }

    /// Counts one more online child.
    #[inline(always)]
    pub(super) fn count_online(&mut self, supernode: SuperNodeId, class: Class) {
        let node = &mut self.nodes[supernode.index()];
        node.online += 1;
        node.eligible += u16::from(class.is_eligible());
        self.online.eligible += u32::from(class.is_eligible());
        self.online.most = self.online.most.max(node.online.into());
        self.online.most_eligible = self.online.most_eligible.max(node.eligible.into());
    }

    /// Counts one online child less.
    #[inline(always)]
    pub(super) fn discount_online(&mut self, supernode: SuperNodeId, class: Class) {
        let node = &mut self.nodes[supernode.index()];
        node.online -= 1;
        node.eligible -= u16::from(class.is_eligible());
        self.online.eligible -= u32::from(class.is_eligible());
    }

    /// Counts the online children, and the eligible ones, of the fullest super node anew, so that an hour in which few
    /// super nodes had very many does not cost misses for ever. To be called now and then.
    pub(crate) fn count_maxima(&mut self) {
        let most = |of: fn(&Node) -> u16| self.nodes.iter().map(of).max().unwrap_or(0).max(1).into();
        (self.online.most, self.online.most_eligible) = (most(|node| node.online), most(|node| node.eligible));
    }

    /// Asks for what the arrival or departure of an online child touches of its super node.
    #[inline(always)]
    pub(crate) fn prefetch(&self, supernode: SuperNodeId) {
        prefetch(&self.nodes, supernode.index());
        self.children.prefetch(supernode);
    }

    /// The class of the child at a site; none if it is vacant.
    #[inline(always)]
    pub(crate) fn class(&self, site: ChildSite) -> Option<Class> {
        self.children.class(site.supernode, site.rank)
    }

    /// The online children of a super node, the last one first.
    pub(crate) fn online_of(&self, supernode: SuperNodeId) -> impl Iterator<Item = ChildSite> + use<> {
        (0..self.nodes[supernode.index()].online.into()).rev().map(move |rank| ChildSite { supernode, rank })
    }

    /// The number of sites from which [`Overlay::draw_online`] draws: as many for each super node, live or dead, as any
    /// of them has had online children.
    pub(crate) fn child_sites(&self) -> u64 {
        self.nodes.len() as u64 * u64::from(self.online.most)
    }

    /// The site that a random 64-bit number stands for, uniformly among `each` of every super node, live or dead.
    #[inline]
    pub(super) fn child_site(&self, random: u64, each: u32) -> ChildSite {
        let supernode = u128::from(random) * self.nodes.len() as u128;
        let rank = scale(supernode as u64, each.into());
        ChildSite { supernode: SuperNodeId((supernode >> 64) as u32), rank: rank as u32 }
    }

    /// The site of one of the online children, each with the same probability; there must be one.
    pub(crate) fn any_online(&self, online: u32, stream: &mut Stream) -> ChildSite {
        const TRIES: usize = 256;
        let is_taken = |site: &ChildSite| site.rank < self.nodes[site.supernode.index()].online.into();
        let mut tries = (0..TRIES).map(|_| self.child_site(stream.next_u64(), self.online.most));
        if let Some(site) = tries.find(is_taken) {
            return site;
        }
        // They are few: it is the one of a rank among all.
        let mut rank = below(stream, online);
        let mut supernode = 0;
        for (index, node) in self.nodes.iter().enumerate() {
            supernode = index as u32;
            match rank.checked_sub(node.online.into()) {
                Some(left) => rank = left,
                None => break,
            }
        }
        ChildSite { supernode: SuperNodeId(supernode), rank }
    }

    /// The online child at a site begins to renew: it has a ticket from now on.
    pub(crate) fn take_ticket(&mut self, site: ChildSite) -> Option<Attached> {
        let class = self.class(site)?;
        self.children.remove(site.supernode, class, true);
        self.children.add(site.supernode, class, false);
        self.discount_online(site.supernode, class);
        Some(Attached::new(site.supernode, class))
    }

    /// Draws `count` sites, each uniformly among all, and returns those that are not vacant, in `drawn`, which holds as
    /// many.
    pub(crate) fn draw_online<'a>(
        &self,
        count: usize,
        stream: &mut Stream,
        drawn: &'a mut [ChildSite],
    ) -> &'a [ChildSite] {
        // A copy of the generator stays in registers.
        let mut own = stream.clone();
        let mut length = 0;
        for _ in 0..count {
            let site = self.child_site(own.next_u64(), self.online.most);
            drawn[length] = site;
            length += usize::from(site.rank < self.nodes[site.supernode.index()].online.into());
        }
        *stream = own;
        &drawn[..length]
    }
}
