//! Phase 5: the attach attempts of a tick, in random order.
//!
//! Whether an attempt succeeds, and at which super node, does not depend on who makes it, and so only the order of the
//! attempts has to be drawn, up to the last success.

use super::Simulator;
use super::clients::{Attached, State, Unattached};
use super::overlay::{Choices, SuperNodeId};
use super::phases::retry;
use crate::random::{Stream, below, shuffle, unit};

impl Simulator {
    /// Makes the attempts of this tick. Who is attached requests a login, or is served at once if that is known.
    pub(super) fn attach_attempts(&mut self, serves_at_once: bool) {
        let mut attempts = std::mem::take(&mut self.attempts);
        let requests_before = self.requests.len();
        self.overlay.start_attach_phase();
        let attached = if self.scenario.overlay.overload_probes_per_s.is_finite() {
            self.attach_by_probes(&mut attempts, serves_at_once)
        } else if self.overlay.failure_probability(self.overlay.accepting(), self.scenario.overlay.probes as u32) < 0.5
        {
            self.attach_most(&mut attempts, serves_at_once)
        } else {
            self.attach_few(&mut attempts, serves_at_once)
        };
        self.overlay.end_attach_phase();
        let asking = (self.requests.len() - requests_before) as u32;
        // The event of a request is counted when it is admitted or rejected.
        self.census.place(State::Seeking, State::Backoff, asking);
        self.census.change(State::Seeking, State::Online, attached as u32 - asking);
        self.counters.attach_attempts += attempts.len() as u64;
        self.counters.attach_failures += (attempts.len() - attached) as u64;
        let (backoff, stream) = (&self.backoff, &mut self.streams.attach_backoff);
        retry(&attempts[attached..], backoff, stream, &mut self.attach_retries);
        attempts.clear();
        self.attempts = attempts;
    }

    /// Attempts of which each probes one address after the other, for overload protection, which counts the probes.
    /// Moves those that succeed to the front, and gives their number; so do the other ways.
    fn attach_by_probes(&mut self, attempts: &mut [Unattached], serves_at_once: bool) -> usize {
        let mut attached = 0;
        let probes = self.scenario.overlay.probes as u32;
        shuffle(attempts, &mut self.streams.attach_order);
        for place in 0..attempts.len() {
            if let Some(supernode) = self.overlay.probe(probes, &mut self.streams.attach) {
                attempts.swap(attached, place);
                self.attach(attempts[attached], supernode, serves_at_once);
                attached += 1;
            }
        }
        attached
    }

    /// Attempts of which most succeed: one after the other.
    ///
    /// The fewer super nodes accept, the likelier a failure, and their number changes all the time. But it falls by no
    /// more than one with each attempt, which bounds the probability of a failure in this tick: attempts that could fail
    /// with that bound are drawn, and each of them fails with the ratio of the actual probability to the bound.
    fn attach_most(&mut self, attempts: &mut [Unattached], serves_at_once: bool) -> usize {
        let probes = self.scenario.overlay.probes as u32;
        shuffle(attempts, &mut self.streams.attach_order);
        let fewest = self.overlay.accepting().saturating_sub(attempts.len() as u32);
        let bound = self.overlay.failure_probability(fewest, probes);
        let mut doubtful = attempts_before(bound, &mut self.streams.attach_outcome);
        let mut choices = Choices::default();
        let mut attached = 0;
        for place in 0..attempts.len() {
            if place == doubtful {
                let outcomes = &mut self.streams.attach_outcome;
                doubtful = doubtful.saturating_add(attempts_before(bound, outcomes)).saturating_add(1);
                let failure = self.overlay.failure_probability(self.overlay.accepting(), probes);
                if unit(outcomes) * bound < failure {
                    continue;
                }
            }
            let more = attempts.len() - place - 1;
            let supernode = self.overlay.choose_accepting(&mut choices, more, &mut self.streams.attach);
            let ticket = attempts[place];
            attempts.swap(attached, place);
            attached += 1;
            self.attach(ticket, supernode, serves_at_once);
        }
        attached
    }

    /// Attempts of which most fail: draws how many fail before the next success, and only for these who makes them.
    fn attach_few(&mut self, attempts: &mut [Unattached], serves_at_once: bool) -> usize {
        let probes = self.scenario.overlay.probes as u32;
        let (mut left, mut attached) = (attempts.len(), 0);
        let mut choices = Choices::default();
        while left > 0 && self.overlay.accepting() > 0 {
            let accepting = self.overlay.accepting();
            let success = 1.0 - self.overlay.failure_probability(accepting, probes);
            while left > 0 && self.overlay.accepting() == accepting {
                left = left.saturating_sub(attempts_before(success, &mut self.streams.attach_outcome));
                if left > 0 {
                    left -= 1;
                    let successful = below(&mut self.streams.attach_order, (attempts.len() - attached) as u32);
                    attempts.swap(attached, attached + successful as usize);
                    let supernode = self.overlay.choose_accepting(&mut choices, left, &mut self.streams.attach);
                    self.attach(attempts[attached], supernode, serves_at_once);
                    attached += 1;
                }
            }
        }
        attached
    }

    /// An attempt succeeds. Not counted in the census yet.
    #[inline(always)]
    fn attach(&mut self, ticket: Unattached, supernode: SuperNodeId, serves_at_once: bool) {
        let class = ticket.class();
        let online = ticket.was_online() || serves_at_once;
        self.overlay.accept(class, online, supernode);
        if online {
            self.served_at_once += u32::from(!ticket.was_online());
        } else {
            self.requests.push(Attached::new(supernode, class));
        }
    }
}

/// How many attempts come before the next one that is different, if each is different with this probability: geometric,
/// floor(ln(U) / ln(1 − p)).
fn attempts_before(probability: f64, stream: &mut Stream) -> usize {
    if probability >= 1.0 {
        return 0;
    }
    // A quotient by 0 is infinite and becomes the largest number, but for 0 by 0: then one attempt is looked at in vain.
    (libm::log(1.0 - unit(stream)) / libm::log1p(-probability)) as usize
}
