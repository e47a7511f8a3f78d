//! The super nodes of the operator: added, failed, and back again.

use std::collections::VecDeque;

use super::Overlay;

/// The super nodes of the operator.
#[derive(Default)]
pub(super) struct Dedicated {
    /// How many there are, those that failed included.
    count: u32,
    /// Those that failed: when they are back, in order, and how many.
    failed: VecDeque<(u32, u32)>,
    /// Children of one at most.
    pub(super) slots: u16,
}

impl Dedicated {
    /// There are none.
    pub(super) fn reset(&mut self, slots: u16) {
        self.count = 0;
        self.failed.clear();
        self.slots = slots;
    }

    fn failed(&self) -> u32 {
        self.failed.iter().map(|&(_, count)| count).sum()
    }

    /// Some have failed, and are back in a tick, not before any others.
    pub(super) fn fail(&mut self, back: u32, count: u32) {
        debug_assert!(self.failed.back().is_none_or(|&(last, _)| last <= back));
        if count > 0 {
            self.failed.push_back((back, count));
        }
    }
}

impl Overlay {
    /// Live super nodes of the operator.
    pub(crate) fn dedicated(&self) -> u32 {
        self.dedicated.count - self.dedicated.failed()
    }

    /// Adds dedicated super nodes until there are `wanted`, with those that failed. Never takes any away.
    pub(crate) fn add_dedicated(&mut self, wanted: u32) {
        while self.dedicated.count < wanted {
            self.add(None);
            self.dedicated.count += 1;
        }
    }

    /// Each live dedicated super node fails if `fails` says so, and is back in tick `back`.
    pub(crate) fn fail_dedicated(&mut self, back: u32, mut fails: impl FnMut() -> bool) {
        if self.bypassed {
            return;
        }
        let mut failing = self.live.order().to_vec();
        failing.retain(|&supernode| self.owner(supernode).is_none() && fails());
        failing.iter().for_each(|&supernode| self.kill(supernode));
        self.dedicated.fail(back, failing.len() as u32);
    }

    /// Those dedicated super nodes that are back in this tick are live again, without children.
    pub(crate) fn restart_dedicated(&mut self, now: u32) {
        while let Some(&(back, count)) = self.dedicated.failed.front()
            && back <= now
        {
            self.dedicated.failed.pop_front();
            (0..count).for_each(|_| self.add(None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::overlay;

    #[test]
    fn a_dedicated_super_node_that_failed_counts_as_there_and_is_back_without_children() {
        let (mut overlay, _) = overlay(75, 10, 2);
        overlay.add_dedicated(3);
        assert_eq!((overlay.live(), overlay.dedicated()), (5, 3));
        let mut number = 0;
        overlay.fail_dedicated(8, || {
            number += 1;
            number <= 2
        });
        assert_eq!((overlay.live(), overlay.dedicated(), number), (3, 1, 3));
        overlay.add_dedicated(4);
        assert_eq!((overlay.live(), overlay.dedicated()), (4, 2));
        overlay.orphan_children(100, |_, _, _| ());
        overlay.restart_dedicated(7);
        assert_eq!(overlay.live(), 4);
        overlay.restart_dedicated(8);
        assert_eq!((overlay.live(), overlay.dedicated(), overlay.stale()), (6, 4, 2));
        assert_eq!(overlay.check(), 0);
    }

    #[test]
    fn a_dedicated_super_node_has_its_own_number_of_slots() {
        use crate::engine::population::clients::Class;
        let (mut overlay, _) = overlay(2, 10, 1);
        overlay.dedicated.slots = 4;
        overlay.add_dedicated(1);
        while overlay.accepting() > 0 {
            let accepting = overlay.live.order()[0];
            overlay.attach(Class(1), true, accepting);
        }
        assert_eq!(overlay.check(), 2 + 4);
    }
}
