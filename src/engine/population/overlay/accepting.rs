//! Which of the live super nodes accept: the attach phase, and choosing one of them.

use super::Overlay;
use super::live::{CHOICES, Choices};
use super::node::{Accepted, AttachPhase};
use crate::engine::population::ids::SuperNodeId;
use crate::prefetch::{BLOCK, prefetch};
use crate::random::{Stream, below};

impl Overlay {
    /// Live super nodes, dedicated ones included.
    pub(crate) fn live(&self) -> u32 {
        self.live.order().len() as u32
    }

    /// Live super nodes that anybody sees: none without an overlay.
    pub(crate) fn visible(&self) -> u32 {
        if self.bypassed { 0 } else { self.live() }
    }

    /// Live super nodes that accept a client now.
    pub(crate) fn accepting(&self) -> u32 {
        self.live.accepting()
    }

    /// The live super node at this position; none if there are not so many.
    pub(crate) fn live_at(&self, position: u64) -> Option<SuperNodeId> {
        self.live.order().get(position as usize).copied()
    }

    /// From the next attach phase on, a super node accepts `limit` clients in one at most.
    pub(crate) fn set_accept_limit(&mut self, limit: u32) {
        self.live.accept_limit = limit;
    }

    /// Starts an attach phase: accept limits start anew.
    pub(crate) fn start_attach_phase(&mut self) {
        self.live.phase = self.live.phase.next().unwrap_or_else(|| {
            self.nodes.iter_mut().for_each(|node| node.accepted = Accepted::default());
            AttachPhase::first()
        });
    }

    /// Ends the attach phase: those that only reached their accept limit accept again.
    pub(crate) fn end_attach_phase(&mut self) {
        if self.live.limited.is_empty() {
            return;
        }
        let mut limited = std::mem::take(&mut self.live.limited);
        limited.drain(..).for_each(|supernode| self.live.start_accepting(&mut self.nodes, supernode));
        self.live.limited = limited;
    }

    /// Chooses one of the accepting super nodes, uniformly. There must be one, and none may have started to accept since
    /// the first choice with the same `choices`, of which at most `more` are to come.
    #[inline(always)]
    pub(crate) fn choose_accepting(&self, choices: &mut Choices, more: usize, stream: &mut Stream) -> SuperNodeId {
        debug_assert!(self.accepting() > 0);
        loop {
            if choices.left == 0 {
                self.draw_choices(choices, more, stream);
            }
            choices.left -= 1;
            if let Some(later) = choices.left.checked_sub(BLOCK) {
                self.prefetch(self.live.order()[choices.positions[later] as usize]);
            }
            // The remainder, of what is less, is for the compiler: it need not check the bounds then.
            let position = choices.positions[choices.left % CHOICES];
            // Fewer may accept now than when the position was drawn. Then it is among them with the same probability for
            // each of them, or is no choice.
            if position < self.live.accepting() {
                return self.live.order()[position as usize];
            }
        }
    }

    /// Draws positions for [`Overlay::choose_accepting`] anew. Apart from it, so that its callers keep their registers.
    #[inline(never)]
    fn draw_choices(&self, choices: &mut Choices, more: usize, stream: &mut Stream) {
        choices.left = CHOICES.min(more.saturating_add(1));
        let positions = &mut choices.positions[..choices.left];
        for position in positions.iter_mut() {
            *position = below(stream, self.live.accepting());
            prefetch(self.live.order(), *position as usize);
        }
        let first = positions.iter().rev().take(BLOCK);
        first.for_each(|&position| self.prefetch(self.live.order()[position as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::{CLASS, overlay};
    use super::*;
    use crate::engine::population::clients::Class;
    use crate::random::{Purpose, stream};

    #[test]
    fn a_full_super_node_accepts_again_once_a_child_has_left() {
        let (mut overlay, supernodes) = overlay(2, 10, 1);
        overlay.attach(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
        overlay.attach(Class(4), false, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.detach_online(supernodes[0], CLASS);
        assert_eq!(overlay.accepting(), 1);
        overlay.attach(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.detach_offline(supernodes[0], Class(4));
        overlay.detach_online(supernodes[0], CLASS);
        assert_eq!(overlay.check(), 0);
    }

    #[test]
    fn the_accept_limit_holds_for_one_tick() {
        let (mut overlay, supernodes) = overlay(75, 2, 1);
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.end_attach_phase();
        assert_eq!(overlay.accepting(), 1);
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
    }

    #[test]
    fn the_accept_limit_holds_in_more_phases_than_are_counted() {
        let (mut overlay, supernodes) = overlay(75, 2, 2);
        // The second super node accepts in the first phase, and again when phases are counted anew.
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[1]);
        overlay.end_attach_phase();
        for phase in 2..(1 << 16) + 100 {
            overlay.start_attach_phase();
            let both = if phase >= 1 << 16 { &supernodes[..] } else { &supernodes[..1] };
            for &supernode in both {
                overlay.accept(CLASS, true, supernode);
                overlay.accept(CLASS, true, supernode);
            }
            assert_eq!(overlay.accepting() as usize, 2 - both.len(), "{phase}");
            overlay.end_attach_phase();
            assert_eq!(overlay.accepting(), 2);
            for &supernode in both {
                overlay.detach_online(supernode, CLASS);
                overlay.detach_online(supernode, CLASS);
            }
        }
        assert_eq!(overlay.check(), 1);
    }

    #[test]
    fn every_super_node_that_still_accepts_is_chosen_as_often_however_many_stopped() {
        // 200 super nodes of one slot: all are chosen once, the later ones from what was drawn when more accepted.
        let supernodes = 200;
        let mut stream = stream(4, Purpose::Test("choices"));
        let rounds = 20_000;
        // How often each was among the first 10, and so on.
        let mut counts = vec![[0u32; 20]; supernodes];
        for _ in 0..rounds {
            let (mut overlay, _) = overlay(1, 10, supernodes);
            let mut choices = Choices::default();
            for number in 0..supernodes {
                let more = supernodes - number - 1;
                let supernode = overlay.choose_accepting(&mut choices, more, &mut stream);
                overlay.attach(CLASS, true, supernode);
                counts[supernode.index()][number / 10] += 1;
            }
            assert_eq!(overlay.accepting(), 0);
        }
        let expected = f64::from(rounds) / 20.0;
        // 7 standard errors: a false alarm below 4,000 · 3e-12.
        let is_far = |&count: &u32| (f64::from(count) - expected).abs() > 7.0 * expected.sqrt();
        assert!(!counts.iter().flatten().any(is_far));
    }
}
