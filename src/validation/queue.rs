//! The login server's queue: bursts, the order of service, time-outs.
//!
//! # A burst without time-outs
//! B clients log in at times that are uniform over w seconds, at a server that takes µ a second. As long as the server
//! is busy the backlog is what has arrived less µt. At the end of the burst everybody has arrived, so it is B − µw then
//! whatever chance did, and empty B/µ after the start (the fluid limit; here it is exact but for the length of a tick).
//! In between, the number of arrivals is binomial(B, t/w).
//!
//! At small B the server is idle now and then, and the backlog follows Lindley's recursion (1952)
//! `q ← max(0, q + a − c)` with the arrivals a and the service slots c of a tick. The arrivals of successive ticks are
//! multinomial: given that n of the B have come before tick k of K, those of tick k are binomial(B − n, 1/(K − k)). So
//! (n, q) is a Markov chain, and its law follows by summing over all arrivals, tick by tick, without any simulation.
//!
//! # Waiting times
//! Clients that are not served within the time-out W give up, so that the share that was served, as a function of W, is
//! the distribution function of the waiting time. Let requests arrive at a rate λ > µ for w seconds, without retries.
//!
//! * First in, first out: who arrives at t finds (λ − µ)t before himself, dead or alive, and waits (λ − µ)t/µ. Served in
//!   time are the arrivals up to Wµ/(λ − µ): **λWµ/(λ − µ)** of them.
//! * Last in, first out: during the burst the server takes newcomers, µw in all. After it, those that were left behind
//!   lie with density λ − µ on the time axis, and are taken from the newest on: s seconds after the end of the burst that
//!   of age sλ/(λ − µ). Served in time are **µ(w + W(λ − µ)/λ)**.
//!
//! * At random: in a tick with q requests in the queue, dead or alive, each of them is served with probability µ/q. So one
//!   that comes at t is not served in time with the product of (1 − µ/q) over its ticks, in which q is (λ − µ)t during
//!   the burst, and falls by µ after it.
//!
//! # Tick by tick
//! Given the numbers of requests of all ticks, all else that the queue does is determined: how many are admitted, served
//! in time, or served in vain, what rejections and a long queue cost, and what a flush loses. A queue of (tick, number)
//! pairs of a few lines says so, for any load and any retries.

use std::collections::VecDeque;

use super::bounds::{count_tolerance, law_tolerance};
use super::laboratory::{bare, flush_at, lasting, restart_all, run, set_capacity, set_dedicated, trace};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::engine::population::Simulator;
use crate::parameters::{Discipline, Jitter, Scenario};

/// The tick of the first restart, ticks that a boot takes, and so the tick of the first request.
const START: u32 = 2;
const BOOT: u32 = 3;
const FIRST: usize = (START + BOOT) as usize;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let mut checks = burst_in_the_fluid_limit();
    checks.push(burst_of_few(effort));
    checks.extend([Discipline::Fifo, Discipline::Lifo, Discipline::Random].map(waiting_times));
    checks.extend(
        [(Discipline::Fifo, false), (Discipline::Fifo, true), (Discipline::Lifo, false), (Discipline::Lifo, true)]
            .map(|(discipline, drop_expired)| tick_by_tick(discipline, drop_expired)),
    );
    checks.extend([(0.4, 0.0), (0.0, 0.02), (0.4, 0.02)].map(|(degradation, cost)| losses(degradation, cost)));
    checks.push(flush());
    checks
}

fn burst(clients: u64, tick_s: f64, width_ticks: u32, per_tick: f64, ticks: u32) -> Scenario {
    let mut scenario = bare(clients, tick_s, ticks);
    set_dedicated(&mut scenario, 8);
    restart_all(&mut scenario, START, width_ticks, BOOT);
    set_capacity(&mut scenario, per_tick);
    scenario
}

fn burst_in_the_fluid_limit() -> Vec<Check> {
    let (clients, tick_s, width, per_tick) = (100_000, 5.0, 120, 500.0);
    let rows = trace(&burst(clients, tick_s, width, per_tick, 240), 1);
    let (b, capacity_per_s, width_s) = (clients as f64, per_tick / tick_s, f64::from(width) * tick_s);
    let check = |name: &str, formula, unit, at, false_alarm, comparisons| Check {
        topic: "queue",
        name: name.to_owned(),
        formula,
        unit,
        at,
        false_alarm,
        comparisons,
    };
    let peak = rows.iter().map(|row| row.login_queue).max().unwrap_or_default();
    let served_ticks =
        rows.iter().skip(FIRST).position(|row| row.login_queue == 0).map_or(f64::NAN, |k| (k + 1) as f64);
    let one = |expected, measured, tolerance| vec![Comparison { at: width_s, expected, measured, tolerance }];
    let path = (1..width).map(|k| {
        let share = f64::from(k) / f64::from(width);
        Comparison {
            at: f64::from(k) * tick_s,
            expected: b * share - per_tick * f64::from(k),
            measured: rows[FIRST + k as usize - 1].login_queue as f64,
            tolerance: count_tolerance(b * share * (1.0 - share), width as usize),
        }
    });
    vec![
        check("backlog in a burst, tick by tick", "(B/w − µ) t", "1", "s", FALSE_ALARM, path.collect()),
        check(
            "largest backlog of a burst",
            "B − µw",
            "1",
            "s",
            0.0,
            one(b - capacity_per_s * width_s, peak as f64, per_tick),
        ),
        check("time to work a burst off", "B/µ", "s", "s", 0.0, one(b / capacity_per_s, served_ticks * tick_s, tick_s)),
    ]
}

/// Clients, ticks, and slots a tick of the small burst. The slots are a binary fraction: their sums are exact.
const FEW: usize = 64;
const FEW_WIDTH: usize = 20;
const FEW_PER_TICK: f64 = 2.75;
/// After how many ticks the law of the backlog is compared.
const LOOKS: [usize; 5] = [4, 10, 16, 20, 24];

fn burst_of_few(effort: Effort) -> Check {
    let runs = effort.choose(3_000, 40_000);
    let scenario = burst(FEW as u64, 1.0, FEW_WIDTH as u32, FEW_PER_TICK, (FIRST + 30) as u32);
    let mut simulator = Simulator::new();
    let mut counts = vec![[0_u32; FEW + 1]; LOOKS.len()];
    for seed in 0..runs {
        let rows = run(&mut simulator, &scenario, seed).trace;
        for (count, look) in counts.iter_mut().zip(LOOKS) {
            count[rows[FIRST + look - 1].login_queue as usize] += 1;
        }
    }
    let laws = backlog_laws(&LOOKS);
    let tolerance = law_tolerance(runs as usize, LOOKS.len());
    let mut comparisons = Vec::new();
    for ((count, law), look) in counts.iter().zip(&laws).zip(LOOKS) {
        let (mut expected, mut measured) = (0.0, 0.0);
        for backlog in 0..FEW {
            expected += law[backlog];
            measured += f64::from(count[backlog]) / runs as f64;
            comparisons.push(Comparison { at: (look * 100 + backlog) as f64, expected, measured, tolerance });
        }
    }
    Check {
        topic: "queue",
        name: format!("backlog of a burst of {FEW}, its distribution"),
        formula: "Lindley: q ← max(0, q + a − c), by convolution",
        unit: "1",
        at: "100 · tick + backlog",
        false_alarm: FALSE_ALARM,
        comparisons,
    }
}

/// The probabilities of a binomial law.
fn binomial_law(n: usize, p: f64) -> Vec<f64> {
    let mut law = vec![0.0; n + 1];
    law[0] = 1.0;
    for trial in 0..n {
        for k in (0..=trial).rev() {
            law[k + 1] += law[k] * p;
            law[k] *= 1.0 - p;
        }
    }
    law
}

/// The law of the backlog after each of these numbers of ticks.
fn backlog_laws(looks: &[usize]) -> Vec<Vec<f64>> {
    // state[n][q]: the probability that n have arrived and q wait.
    let mut state = vec![vec![0.0; FEW + 1]; FEW + 1];
    state[0][0] = 1.0;
    let mut laws = Vec::new();
    let last = looks.iter().copied().max().unwrap_or(0);
    for tick in 0..last {
        let slots_by = |ticks: usize| (FEW_PER_TICK * (FIRST + ticks) as f64) as usize;
        let slots = slots_by(tick + 1) - slots_by(tick);
        let mut next = vec![vec![0.0; FEW + 1]; FEW + 1];
        for n in 0..=FEW {
            let chance = if tick < FEW_WIDTH { 1.0 / (FEW_WIDTH - tick) as f64 } else { 0.0 };
            for (arrivals, probability) in binomial_law(FEW - n, chance).into_iter().enumerate() {
                for q in 0..=n {
                    next[n + arrivals][(q + arrivals).saturating_sub(slots)] += state[n][q] * probability;
                }
            }
        }
        state = next;
        if looks.contains(&(tick + 1)) {
            laws.push((0..=FEW).map(|q| state.iter().map(|by_backlog| by_backlog[q]).sum()).collect());
        }
    }
    laws
}

fn waiting_times(discipline: Discipline) -> Check {
    let (clients, tick_s, width, per_tick) = (100_000, 5.0, 240, 250.0);
    let mut scenario = burst(clients, tick_s, width, per_tick, 500);
    scenario.login.discipline = discipline;
    let (b, arrivals) = (clients as f64, clients as f64 / f64::from(width));
    let surplus = arrivals - per_tick;
    let time_outs = [6, 12, 24, 48, 96];
    let mut simulator = Simulator::new();
    let comparisons = time_outs.map(|ticks| {
        scenario.login.timeout_s = lasting(ticks, tick_s);
        let logins = run(&mut simulator, &scenario, u64::from(ticks)).outcome.logins;
        // A request is given up after the service of its last tick: it had one tick more.
        let waits = f64::from(ticks + 1);
        let expected = match discipline {
            Discipline::Fifo => arrivals * waits * per_tick / surplus,
            Discipline::Lifo => per_tick * (f64::from(width) + waits * surplus / arrivals),
            Discipline::Random => served_at_random(arrivals, per_tick, width, ticks + 1),
        };
        // The arrivals wander around their mean by so much at any time; FIFO amplifies that.
        let wander = count_tolerance(b / 4.0, time_outs.len());
        let gain = if discipline == Discipline::Lifo { 1.0 } else { arrivals / surplus };
        Comparison {
            at: f64::from(ticks) * tick_s,
            expected: expected / b,
            measured: logins as f64 / b,
            tolerance: (gain * wander + 2.0 * arrivals) / b,
        }
    });
    Check {
        topic: "queue",
        name: format!("share that waits no longer than W, {}", name_of(discipline)),
        formula: match discipline {
            Discipline::Fifo => "λWµ/(λ − µ) of B",
            Discipline::Lifo => "µ(w + W(λ − µ)/λ) of B",
            Discipline::Random => "Σ λ (1 − Π (1 − µ/q)) of B",
        },
        unit: "1",
        at: "W, s",
        false_alarm: FALSE_ALARM,
        comparisons: comparisons.to_vec(),
    }
}

fn name_of(discipline: Discipline) -> &'static str {
    match discipline {
        Discipline::Fifo => "fifo",
        Discipline::Lifo => "lifo",
        Discipline::Random => "random",
    }
}

/// How many of a burst of `width` ticks are served within `waits` ticks, if the server takes any request with the same
/// probability.
fn served_at_random(arrivals: f64, per_tick: f64, width: u32, waits: u32) -> f64 {
    let passed = |tick: u32| {
        let come = arrivals * f64::from((tick + 1).min(width));
        let queue = come - per_tick * f64::from(tick);
        if queue <= per_tick { 0.0 } else { 1.0 - per_tick / queue }
    };
    let waits_in_vain = |tick: u32| (tick..tick + waits).map(passed).product::<f64>();
    (0..width).map(|tick| arrivals * (1.0 - waits_in_vain(tick))).sum()
}

/// A flood with retries, and a queue with a limit and a time-out.
fn flood(per_tick: f64, time_out: u32) -> Scenario {
    let (tick_s, limit_s) = (5.0, 120.0);
    let mut scenario = burst(20_000, tick_s, 60, per_tick, 1200);
    // 720.5 requests: no rounding decides.
    scenario.login.queue_limit_s = limit_s + 0.5 / per_tick * tick_s;
    scenario.login.timeout_s = lasting(time_out, tick_s);
    let defaults = Scenario::default().retry;
    scenario.retry = crate::parameters::Retry { jitter: Jitter::Full, ..defaults };
    scenario
}

/// Compares the log-ins and the queue of each tick with what follows from its requests.
fn follow(name: String, scenario: &Scenario, mut step: impl FnMut(u64, u64) -> (u64, u64)) -> Check {
    let rows = trace(scenario, 1);
    let comparisons = rows.iter().enumerate().map(|(tick, row)| {
        let (logins, length) = step(tick as u64, row.login_arrivals);
        let differs = logins.abs_diff(row.logins) + length.abs_diff(row.login_queue);
        Comparison {
            at: tick as f64,
            expected: logins as f64,
            measured: row.logins as f64,
            tolerance: if differs == 0 { 0.0 } else { -1.0 },
        }
    });
    Check {
        topic: "queue",
        name,
        formula: "what follows from the arrivals of each tick",
        unit: "1",
        at: "tick",
        false_alarm: 0.0,
        comparisons: comparisons.collect(),
    }
}

/// A server that gets slower the longer its queue is, and that pays for rejections.
fn losses(degradation: f64, cost: f64) -> Check {
    let (per_tick, limit, time_out) = (30.0, 720, 12);
    let mut scenario = flood(per_tick, time_out);
    (scenario.login.degradation, scenario.login.rejection_cost) = (degradation, cost);
    let mut queue = BatchQueue { limit, time_out: u64::from(time_out), ..BatchQueue::default() };
    let mut accumulated = 0.0;
    let name = format!("logins and queue of each tick, {degradation} lost if full, {cost} for a rejection");
    follow(name, &scenario, |tick, requests| {
        let admitted = requests.min(limit - queue.length);
        let full = (queue.length + admitted) as f64 / limit as f64;
        accumulated += per_tick * (1.0 - degradation * full);
        accumulated = (accumulated - cost * (requests - admitted) as f64).max(0.0);
        let slots = libm::floor(accumulated + 1e-9);
        accumulated -= slots;
        (queue.step(tick, requests, slots as u64), queue.length)
    })
}

/// The queue is emptied while it is full: who was in it finds out by the time-out.
fn flush() -> Check {
    let (per_tick, time_out, at) = (30.0, 12, 50);
    let mut scenario = flood(per_tick, time_out);
    flush_at(&mut scenario, at);
    let mut queue = BatchQueue { limit: 720, time_out: u64::from(time_out), ..BatchQueue::default() };
    follow("logins and queue of each tick, a flush".to_owned(), &scenario, |tick, requests| {
        if tick == u64::from(at) {
            queue.batches.clear();
            queue.length = 0;
        }
        (queue.step(tick, requests, per_tick as u64), queue.length)
    })
}

fn tick_by_tick(discipline: Discipline, drop_expired: bool) -> Check {
    let (per_tick, time_out) = (30.0, 12);
    let mut scenario = flood(per_tick, time_out);
    scenario.login.discipline = discipline;
    scenario.login.drop_expired = drop_expired;
    let newest_first = discipline == Discipline::Lifo;
    let mut queue =
        BatchQueue { limit: 720, time_out: u64::from(time_out), drop_expired, newest_first, ..BatchQueue::default() };
    let dropping = if drop_expired { ", dropping" } else { "" };
    let name = format!("logins and queue of each tick, {}{dropping}", name_of(discipline));
    follow(name, &scenario, |tick, requests| (queue.step(tick, requests, per_tick as u64), queue.length))
}

/// The queue as pairs (tick of submission, number of requests), oldest first.
struct BatchQueue {
    batches: VecDeque<(u64, u64)>,
    length: u64,
    limit: u64,
    time_out: u64,
    drop_expired: bool,
    newest_first: bool,
}

impl Default for BatchQueue {
    fn default() -> BatchQueue {
        BatchQueue {
            batches: VecDeque::new(),
            length: 0,
            limit: u64::MAX,
            time_out: u64::MAX,
            drop_expired: false,
            newest_first: false,
        }
    }
}

impl BatchQueue {
    /// The logins of a tick with so many requests, and so many service slots.
    fn step(&mut self, tick: u64, requests: u64, slots: u64) -> u64 {
        let admitted = requests.min(self.limit - self.length);
        self.batches.push_back((tick, admitted));
        self.length += admitted;
        let (mut slots, mut logins) = (slots, 0);
        while slots > 0 {
            let next = if self.newest_first { self.batches.pop_back() } else { self.batches.pop_front() };
            let Some((submitted, waiting)) = next else { break };
            let alive = tick - submitted <= self.time_out;
            let taken = if alive || !self.drop_expired { waiting.min(slots) } else { waiting };
            self.length -= taken;
            if alive {
                logins += taken;
            }
            if alive || !self.drop_expired {
                slots -= taken;
            }
            if taken < waiting {
                let rest = (submitted, waiting - taken);
                if self.newest_first {
                    self.batches.push_back(rest);
                } else {
                    self.batches.push_front(rest);
                }
            }
        }
        logins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binomial_law_sums_to_one_and_has_its_mean() {
        let law = binomial_law(20, 0.3);
        assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mean: f64 = law.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        assert!((mean - 6.0).abs() < 1e-12);
        assert_eq!(binomial_law(3, 1.0), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn the_backlog_of_the_whole_burst_is_what_the_slots_left() {
        // Nobody has gone before tick 1 but those of the slots.
        let laws = backlog_laws(&[1, 60]);
        let slots = (FEW_PER_TICK * (FIRST + 1) as f64) as usize - (FEW_PER_TICK * FIRST as f64) as usize;
        let idle: f64 = binomial_law(FEW, 1.0 / FEW_WIDTH as f64)[..=slots].iter().sum();
        assert!((laws[0][0] - idle).abs() < 1e-12);
        assert!((laws[1][0] - 1.0).abs() < 1e-12, "after 60 ticks it is empty");
    }

    #[test]
    fn at_random_all_are_served_in_the_end_and_in_one_tick_a_share() {
        // 10 ticks of 100, 60 a tick: after 2 ticks nobody has waited longer than what the first two let pass.
        assert!((served_at_random(100.0, 60.0, 10, 1000) - 1000.0).abs() < 1e-9);
        let at_once = served_at_random(100.0, 60.0, 2, 1);
        assert!((at_once - (60.0 + 60.0 * 100.0 / 140.0)).abs() < 1e-9, "{at_once}");
    }

    #[test]
    fn a_batch_that_waited_too_long_is_served_in_vain() {
        let mut queue = BatchQueue { time_out: 1, ..BatchQueue::default() };
        assert_eq!([queue.step(0, 10, 3), queue.step(1, 0, 3), queue.step(2, 2, 3), queue.step(3, 0, 3)], [3, 3, 0, 2]);
        let mut dropping = BatchQueue { time_out: 1, drop_expired: true, ..BatchQueue::default() };
        assert_eq!([dropping.step(0, 10, 3), dropping.step(1, 0, 3), dropping.step(2, 2, 3)], [3, 3, 2]);
    }
}
