//! Phase 5: the attach attempts of a tick, in random order.
//!
//! Whether an attempt succeeds, and at which super node, does not depend on who makes it, and so only the order of the
//! attempts has to be drawn, up to the last success.

use crate::engine::population::clients::State;
use crate::engine::population::ids::SuperNodeId;
use crate::engine::population::overlay::{Choices, Overlay};
use crate::engine::population::simulator::Simulator;
use crate::engine::population::tickets::{Attached, Unattached, part_from_giving_up};
use crate::parameters;
use crate::random::{Stream, below, binomial, shuffle, shuffle_first, unit};

/// How the attempts of a tick are drawn. The law is the same.
enum Way {
    /// All succeed: there is no overlay.
    AllSucceed,
    /// Probe by probe.
    ByProbes,
    /// Attempt by attempt.
    MostSucceed,
    /// From one success to the next.
    MostFail,
}

impl Way {
    /// The way that does, with the least work.
    fn choose(overlay: &Overlay, parameters: &parameters::Overlay) -> Way {
        if parameters.bypass {
            Way::AllSucceed
        } else if parameters.overload_probes_per_s.is_finite() {
            // Overload protection counts the probes of each super node.
            Way::ByProbes
        } else if overlay.failure_probability(overlay.accepting(), parameters.probes as u32) < 0.5 {
            // Going from success to success would be no shorter than from attempt to attempt, and takes a logarithm
            // for each.
            Way::MostSucceed
        } else {
            // Those who fail need not be looked at, nor put into an order.
            Way::MostFail
        }
    }
}

/// The attempts of a tick: first those that succeeded so far.
struct Attempts<'a> {
    tickets: &'a mut [Unattached],
    attached: usize,
}

impl Attempts<'_> {
    /// The attempt at this index succeeds, which is none of those that did.
    #[inline(always)]
    fn succeed(&mut self, index: usize) -> Unattached {
        let ticket = self.tickets[index];
        self.tickets.swap(self.attached, index);
        self.attached += 1;
        ticket
    }
}

impl Simulator {
    /// Phase 5: makes the attempts of this tick. Who is attached requests a login, or is served at once if that is known.
    pub(crate) fn attach_attempts(&mut self, serves_at_once: bool) {
        let mut tickets = std::mem::take(&mut self.attempts);
        let admitted = self.admit(&mut tickets);
        let mut attempts = Attempts { tickets: &mut tickets[..admitted], attached: 0 };
        let requests_before = self.requests.len();
        self.network.overlay.start_attach_phase();
        match Way::choose(&self.network.overlay, &self.scenario.overlay) {
            Way::AllSucceed => self.attach_all(&mut attempts, serves_at_once),
            Way::ByProbes => self.attach_by_probes(&mut attempts, serves_at_once),
            Way::MostSucceed => self.attach_most(&mut attempts, serves_at_once),
            Way::MostFail => self.attach_few(&mut attempts, serves_at_once),
        }
        self.network.overlay.end_attach_phase();
        let attached = attempts.attached;
        let failures = (tickets.len() - attached) as u64;
        let (failed, giving_up) = part_from_giving_up(&mut tickets[attached..], self.scenario.retry.give_up_after);
        let asking = (self.requests.len() - requests_before) as u32;
        let census = &mut self.network.census;
        // The event of a request is counted when it is admitted or rejected.
        census.transfer(State::Seeking, State::Requesting, asking);
        census.change(State::Seeking, State::Online, attached as u32 - asking);
        self.counters.attach_attempts += attached as u64 + failures;
        self.counters.attach_failures += failures;
        census.change(State::Seeking, State::Absent, giving_up.len() as u32);
        giving_up.iter().for_each(|ticket| self.network.absent.add(ticket.class(), 1));
        let retries = &mut self.network.attach_retries;
        self.settings.backoff.retry(failed, &mut self.streams.attach_backoff, retries);
        tickets.clear();
        self.attempts = tickets;
    }

    /// Moves the attempts that are admitted to the front, each with the same probability, and returns how many these are.
    fn admit(&mut self, tickets: &mut [Unattached]) -> usize {
        let admission = self.scenario.overlay.admission;
        if admission >= 1.0 {
            return tickets.len();
        }
        let stream = &mut self.streams.admission;
        let admitted = binomial(stream, tickets.len() as u32, admission) as usize;
        shuffle_first(tickets, admitted, stream);
        admitted
    }

    /// Attempts of which all succeed. Which host counts whom does not matter.
    fn attach_all(&mut self, attempts: &mut Attempts<'_>, serves_at_once: bool) {
        let count = attempts.tickets.len();
        let mut choices = Choices::default();
        for index in 0..count {
            let overlay = &self.network.overlay;
            let host = overlay.choose_accepting(&mut choices, count - index - 1, &mut self.streams.attach);
            let ticket = attempts.succeed(index);
            self.attach(ticket, host, serves_at_once);
        }
    }

    /// Attempts of which each probes one address after the other.
    fn attach_by_probes(&mut self, attempts: &mut Attempts<'_>, serves_at_once: bool) {
        let probes = self.scenario.overlay.probes as u32;
        shuffle(attempts.tickets, &mut self.streams.attach_order);
        for index in 0..attempts.tickets.len() {
            if let Some(supernode) = self.network.overlay.probe(probes, &mut self.streams.attach) {
                let ticket = attempts.succeed(index);
                self.attach(ticket, supernode, serves_at_once);
            }
        }
    }

    /// Attempts of which most succeed: one after the other.
    ///
    /// The fewer super nodes accept, the likelier a failure, and their number changes all the time. But it falls by no
    /// more than one with each attempt, which bounds the probability of a failure in this tick: attempts that could fail
    /// with that bound are drawn, and each of them fails with the ratio of the actual probability to the bound.
    fn attach_most(&mut self, attempts: &mut Attempts<'_>, serves_at_once: bool) {
        let probes = self.scenario.overlay.probes as u32;
        let count = attempts.tickets.len();
        shuffle(attempts.tickets, &mut self.streams.attach_order);
        let fewest = self.network.overlay.accepting().saturating_sub(count as u32);
        let bound = self.network.overlay.failure_probability(fewest, probes);
        let mut doubtful = attempts_before(bound, count, &mut self.streams.attach_outcome);
        let mut choices = Choices::default();
        for index in 0..count {
            let overlay = &self.network.overlay;
            if index == doubtful {
                let outcomes = &mut self.streams.attach_outcome;
                doubtful = (index + 1).saturating_add(attempts_before(bound, count - index, outcomes));
                let failure = overlay.failure_probability(overlay.accepting(), probes);
                if unit(outcomes) * bound < failure {
                    continue;
                }
            }
            let supernode = overlay.choose_accepting(&mut choices, count - index - 1, &mut self.streams.attach);
            let ticket = attempts.succeed(index);
            self.attach(ticket, supernode, serves_at_once);
        }
    }

    /// Attempts of which most fail: draws how many fail before the next success, and only for these who makes them.
    fn attach_few(&mut self, attempts: &mut Attempts<'_>, serves_at_once: bool) {
        let probes = self.scenario.overlay.probes as u32;
        let count = attempts.tickets.len();
        let mut left = count;
        let mut choices = Choices::default();
        while left > 0 && self.network.overlay.accepting() > 0 {
            let accepting = self.network.overlay.accepting();
            let success = 1.0 - self.network.overlay.failure_probability(accepting, probes);
            while left > 0 && self.network.overlay.accepting() == accepting {
                left = left.saturating_sub(attempts_before(success, left, &mut self.streams.attach_outcome));
                if left > 0 {
                    left -= 1;
                    let others = (count - attempts.attached) as u32;
                    let successful = below(&mut self.streams.attach_order, others) as usize;
                    let overlay = &self.network.overlay;
                    let supernode = overlay.choose_accepting(&mut choices, left, &mut self.streams.attach);
                    let ticket = attempts.succeed(attempts.attached + successful);
                    self.attach(ticket, supernode, serves_at_once);
                }
            }
        }
    }

    /// An attempt succeeds. Not counted in the census yet.
    #[inline(always)]
    fn attach(&mut self, ticket: Unattached, supernode: SuperNodeId, serves_at_once: bool) {
        let class = ticket.class();
        let online = ticket.was_online() || serves_at_once;
        self.network.overlay.accept(class, online, supernode);
        if online {
            self.served_at_once += u32::from(!ticket.was_online());
        } else {
            self.requests.push(Attached::new(supernode, class));
        }
    }

    /// The end of phase 5 with overload protection: super nodes that were probed too often may shut down.
    pub(crate) fn overload_protection(&mut self, now: u32) {
        let (parameters, probes_max) = (&self.scenario.overlay, self.settings.overload_probes);
        if !probes_max.is_finite() {
            return;
        }
        let probability = parameters.overload_shutdown_probability;
        let back = now.saturating_add(self.settings.dedicated_restart_ticks);
        let dedicated_back = parameters.dedicated_overload.then_some(back);
        // The attempts of this tick are over.
        let owners = &mut self.attempts;
        let stream = &mut self.streams.attach;
        self.network.overlay.shut_down_overloaded(probes_max, probability, dedicated_back, stream, |owner| {
            owners.push(Unattached::new(owner));
        });
        self.network.census.change(State::SuperNode, State::Seeking, owners.len() as u32);
        let retries = &mut self.network.attach_retries;
        self.settings.backoff.retry(owners, &mut self.streams.attach_backoff, retries);
        owners.clear();
    }
}

/// How many attempts come before the next one that is different, if each is different with this probability: geometric,
/// floor(ln(U) / ln(1 − p)). Of `enough` and more it says that they are so many at least.
fn attempts_before(probability: f64, enough: usize, stream: &mut Stream) -> usize {
    if probability >= 1.0 {
        return 0;
    }
    let random = unit(stream);
    // One of them is different with a probability of 1 − (1 − p)ⁿ ≤ n p, which needs no logarithm; the margin is for
    // rounding.
    if random > probability * enough as f64 * (1.0 + 1e-9) {
        return enough;
    }
    // A quotient by 0 is infinite and becomes the largest number, but for 0 by 0: then one attempt is looked at in vain.
    (libm::log(1.0 - random) / libm::log1p(-probability)) as usize
}
