//! Phase 5: the attach attempts of a tick, in random order.
//!
//! Whether an attempt succeeds, and at which super node, does not depend on who makes it, and so only the order of the
//! attempts has to be drawn, up to the last success.

use rand_xoshiro::rand_core::Rng;

use super::Simulator;
use super::clients::{State, Ticket};
use super::overlay::SuperNodeId;
use super::phases::{BLOCK, retry};
use super::random::{Stream, shuffle, shuffle_first, threshold, unit};

impl Simulator {
    /// Makes the attempts of this tick. Who is attached requests a login, or is served at once if that is known.
    pub(super) fn attach_attempts(&mut self, serves_at_once: bool) {
        let mut attempts = std::mem::take(&mut self.attempts);
        let requests_before = self.requests.len();
        self.overlay.start_attach_phase();
        let attached = if self.scenario.overlay.overload_probes_per_s.is_finite() {
            self.attach_by_probes(&mut attempts, serves_at_once)
        } else if self.overlay.success_probability(self.scenario.overlay.probes as u32) > 0.5 {
            self.attach_most(&mut attempts, serves_at_once)
        } else {
            self.attach_few(&mut attempts, serves_at_once)
        };
        self.overlay.end_attach_phase();
        let asking = (self.requests.len() - requests_before) as u32;
        self.clients.count_moves(State::Seeking, State::Backoff, asking);
        self.clients.count_moves(State::Seeking, State::Online, attached as u32 - asking);
        self.counters.attach_attempts += attempts.len() as u64;
        self.counters.attach_failures += (attempts.len() - attached) as u64;
        let (backoff, stream) = (&self.backoff, &mut self.streams.attach_backoff);
        retry(&attempts[attached..], backoff, stream, &mut self.attach_retries);
        attempts.clear();
        self.attempts = attempts;
    }

    /// Attempts of which each probes one address after the other, for overload protection, which counts the probes.
    /// Moves those that succeed to the front, and gives their number; so do the other ways.
    fn attach_by_probes(&mut self, attempts: &mut [Ticket], serves_at_once: bool) -> usize {
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
    fn attach_most(&mut self, attempts: &mut [Ticket], serves_at_once: bool) -> usize {
        let probes = self.scenario.overlay.probes as u32;
        let mut outcomes = self.streams.attach_outcome.clone();
        let mut choices = [(0, SuperNodeId::default()); BLOCK];
        let (mut attached, mut accepting, mut success) = (0, 0, 0);
        shuffle(attempts, &mut self.streams.attach_order);
        for start in (0..attempts.len()).step_by(BLOCK) {
            if self.overlay.accepting() == 0 {
                break;
            }
            let end = (start + BLOCK).min(attempts.len());
            let accepting_then = self.overlay.accepting();
            self.draw_choices(&attempts[start..end], &mut choices);
            for (place, &(choice, likely)) in (start..end).zip(&choices) {
                if self.overlay.accepting() != accepting {
                    accepting = self.overlay.accepting();
                    success = threshold(self.overlay.success_probability(probes));
                }
                if outcomes.next_u64() >> 11 < success {
                    let is_likely = accepting == accepting_then;
                    let supernode = if is_likely { likely } else { self.overlay.choose_accepting(choice) };
                    let ticket = attempts[place];
                    if place != attached {
                        attempts.swap(attached, place);
                    }
                    attached += 1;
                    self.attach(ticket, supernode, serves_at_once);
                }
            }
        }
        self.streams.attach_outcome = outcomes;
        attached
    }

    /// Draws the choices of super nodes for a block of attempts: a random number, and the super node that it chooses
    /// as long as the same ones accept. Asks for what the attempts will touch.
    fn draw_choices(&mut self, attempts: &[Ticket], choices: &mut [(u64, SuperNodeId); BLOCK]) {
        let mut stream = self.streams.attach.clone();
        for (ticket, choice) in attempts.iter().zip(choices.iter_mut()) {
            let random = stream.next_u64();
            *choice = (random, self.overlay.choose_accepting(random));
            self.clients.prefetch(ticket.client());
            self.overlay.prefetch(choice.1);
        }
        self.streams.attach = stream;
        for (_, (_, supernode)) in attempts.iter().zip(choices) {
            self.overlay.prefetch_free_place(*supernode);
        }
    }

    /// Attempts of which most fail: draws how many fail before the next success, and only for these who makes them.
    fn attach_few(&mut self, attempts: &mut [Ticket], serves_at_once: bool) -> usize {
        let probes = self.scenario.overlay.probes as u32;
        let (mut left, mut attached) = (attempts.len(), 0);
        while left > 0 && self.overlay.accepting() > 0 {
            let accepting = self.overlay.accepting();
            let success = self.overlay.success_probability(probes);
            while left > 0 && self.overlay.accepting() == accepting {
                left = skip_failures(left, success, &mut self.streams.attach_outcome);
                if left > 0 {
                    left -= 1;
                    shuffle_first(&mut attempts[attached..], 1, &mut self.streams.attach_order);
                    let supernode = self.overlay.choose_accepting(self.streams.attach.next_u64());
                    self.attach(attempts[attached], supernode, serves_at_once);
                    attached += 1;
                }
            }
        }
        attached
    }

    /// An attempt succeeds. Not counted among the moves yet.
    #[inline(always)]
    fn attach(&mut self, ticket: Ticket, supernode: SuperNodeId, serves_at_once: bool) {
        let client = ticket.client();
        let place = self.overlay.accept(client, supernode);
        if ticket.was_online() {
            self.clients.attach(client, supernode, place, State::Online);
            self.clients.count_events(1);
        } else if serves_at_once {
            self.clients.attach(client, supernode, place, State::Online);
            self.served_at_once += 1;
        } else {
            // The event is counted when the request has been admitted or rejected.
            self.clients.attach(client, supernode, place, State::Backoff);
            self.requests.push(ticket.succeeded());
        }
    }
}

/// Passes over the failures before the next success among `left` attempts that succeed with `probability` each.
/// Gives how many attempts are left, the successful one included; 0 if none succeeds.
fn skip_failures(left: usize, probability: f64, stream: &mut Stream) -> usize {
    if probability >= 1.0 {
        return left;
    }
    // The number of failures is geometric: floor(ln(U) / ln(1 − p)).
    let failures = libm::log(1.0 - unit(stream)) / libm::log1p(-probability);
    if failures >= left as f64 { 0 } else { left - failures as usize }
}
