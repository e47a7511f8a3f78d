//! Clients that renew their login, by the tick in which they began.
//!
//! Such a client is online, and has a ticket, like one that logs in: in the login queue, or in the wheel of retries here.
//! Its grace time ends with that of all that began in the same tick. So nobody has to be looked for then: it is known how
//! many of them there are in each of the two places, and a ticket says when its client began, from which follows whether
//! that is still online.

use std::collections::VecDeque;

use super::tickets::Renewing;
use super::wheel::Wheel;

/// Those that began to renew in one tick, and are not done.
#[derive(Debug, Clone, Copy, Default)]
struct Cohort {
    count: u32,
    /// How many of them wait for the login server.
    waiting: u32,
    /// How many of them are eligible.
    eligible: u32,
}

/// Clients that renew their login, or could not in time.
#[derive(Default)]
pub(super) struct Renewals {
    /// Requests to come, after a rejection or a time-out.
    pub(super) retries: Wheel<Renewing>,
    /// Those whose grace time lasts: one cohort a tick.
    cohorts: VecDeque<Cohort>,
    /// The tick of the first cohort. Whoever began before it, and is not done, is no longer online.
    first: u32,
    eligible: u32,
}

impl Renewals {
    /// Nobody renews.
    pub(super) fn reset(&mut self) {
        self.retries.reset();
        self.cohorts.clear();
        self.first = 0;
        self.eligible = 0;
    }

    /// Whether the client of a ticket is still online.
    pub(super) fn is_online(&self, renewing: Renewing) -> bool {
        renewing.began >= self.first
    }

    /// Online clients that renew and are eligible.
    pub(super) fn eligible(&self) -> u32 {
        self.eligible
    }

    fn cohort(&mut self, renewing: Renewing) -> &mut Cohort {
        debug_assert!(self.is_online(renewing));
        &mut self.cohorts[(renewing.began - self.first) as usize]
    }

    /// An online client begins to renew in tick `renewing.began`, the present one.
    pub(super) fn begin(&mut self, renewing: Renewing) {
        if self.cohorts.is_empty() {
            self.first = self.first.max(renewing.began);
        }
        let ticks = (renewing.began - self.first) as usize + 1;
        self.cohorts.resize(ticks.max(self.cohorts.len()), Cohort::default());
        let eligible = u32::from(renewing.ticket.class().is_eligible());
        let cohort = self.cohort(renewing);
        cohort.count += 1;
        cohort.eligible += eligible;
        self.eligible += eligible;
    }

    /// The request of an online client enters the queue.
    pub(super) fn start_waiting(&mut self, renewing: Renewing) {
        self.cohort(renewing).waiting += 1;
    }

    /// The request of an online client is served, given up, or abandoned.
    pub(super) fn stop_waiting(&mut self, renewing: Renewing) {
        self.cohort(renewing).waiting -= 1;
    }

    /// The renewal of an online client that does not wait is over, whatever the reason.
    pub(super) fn end(&mut self, renewing: Renewing) {
        let eligible = u32::from(renewing.ticket.class().is_eligible());
        let cohort = self.cohort(renewing);
        cohort.count -= 1;
        cohort.eligible -= eligible;
        self.eligible -= eligible;
        while self.cohorts.front().is_some_and(|cohort| cohort.count == 0) {
            self.cohorts.pop_front();
            self.first += 1;
        }
    }

    /// The grace time of those that began at or before tick `began` is over. Returns how many of them wait for the login
    /// server, and how many are in back-off.
    pub(super) fn lapse(&mut self, began: u32) -> (u32, u32) {
        let (mut waiting, mut backoff) = (0, 0);
        while self.first <= began
            && let Some(cohort) = self.cohorts.pop_front()
        {
            self.first += 1;
            self.eligible -= cohort.eligible;
            waiting += cohort.waiting;
            backoff += cohort.count - cohort.waiting;
        }
        (waiting, backoff)
    }
}

#[cfg(test)]
impl Renewals {
    /// Online clients that renew, and those of them that wait, by adding up.
    pub(super) fn counted(&self) -> (u32, u32) {
        let sum = |of: fn(&Cohort) -> u32| self.cohorts.iter().map(of).sum();
        assert_eq!(self.eligible, sum(|cohort| cohort.eligible));
        (sum(|cohort| cohort.count), sum(|cohort| cohort.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::population::clients::Class;
    use crate::engine::population::ids::SuperNodeId;
    use crate::engine::population::tickets::Attached;

    #[test]
    fn a_cohort_lapses_together_and_who_was_done_before_does_not() {
        let renewing = |began, class| Renewing { ticket: Attached::new(SuperNodeId(0), Class(class)), began };
        let mut renewals = Renewals::default();
        let all = [renewing(5, 2), renewing(5, 0), renewing(5, 0), renewing(7, 2)];
        all.iter().for_each(|&one| renewals.begin(one));
        all.iter().for_each(|&one| renewals.start_waiting(one));
        assert_eq!((renewals.eligible(), renewals.counted()), (2, (4, 4)));
        renewals.stop_waiting(all[1]);
        renewals.end(all[1]);
        renewals.stop_waiting(all[2]);
        assert_eq!(renewals.lapse(4), (0, 0));
        assert!(renewals.is_online(all[0]));
        assert_eq!(renewals.lapse(6), (1, 1));
        assert!(!renewals.is_online(all[0]) && renewals.is_online(all[3]));
        renewals.stop_waiting(all[3]);
        renewals.end(all[3]);
        assert_eq!((renewals.eligible(), renewals.counted()), (0, (0, 0)));
        renewals.begin(renewing(9, 1));
        assert!(renewals.is_online(renewing(9, 1)) && !renewals.is_online(all[0]));
    }
}
