//! Back-off delays against their laws, each rounded up to whole ticks.
//!
//! All clients fail for the first time in one tick and never succeed. The k-th attempt of a client comes when its first
//! k − 1 delays have passed, so the law of its time is the convolution of the laws of backoff(1) … backoff(k − 1); the
//! expected number of attempts in a tick is the sum of these over k (a renewal function). A client attempts once in a
//! tick at most, so that the number of attempts of a tick is binomial.

use super::bounds::count_tolerance;
use super::laboratory::{
    IDLE, NEVER_S, Subject, add_dedicated_at, add_shock, bare, lasting, set_capacity, set_dedicated, trace,
};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::engine::outcome::TraceRow;
use crate::parameters::{Jitter, Retry, Scenario};

const TICK_S: f64 = 5.0;
const TICKS: usize = 160;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let jitters = [Jitter::None, Jitter::Full, Jitter::Equal];
    let mut checks = Vec::new();
    for subject in Subject::both(effort.choose(30_000, 400_000)) {
        checks.extend(jitters.iter().map(|&jitter| no_super_nodes(&subject, jitter)));
        checks.extend(jitters.iter().map(|&jitter| full_queue(&subject, jitter)));
        checks.push(time_outs(&subject));
    }
    checks.push(success_resets());
    checks
}

/// No delay but those below the cap and the cap itself are a whole number of ticks.
fn retry(jitter: Jitter) -> Retry {
    Retry { base_s: 17.0, factor: 1.7, cap_s: 88.0, jitter, give_up_after: 0 }
}

/// Nobody can attach: there is no super node.
fn no_super_nodes(subject: &Subject, jitter: Jitter) -> Check {
    let mut scenario = bare(subject.clients, TICK_S, TICKS as u32);
    scenario.retry = retry(jitter);
    let name = format!("attach attempts of each tick, jitter {}", name_of(jitter));
    compare(subject, &name, &scenario, 0, 0, |row| row.attach_attempts)
}

/// The tick in which everybody sends a first login request.
const FIRST: usize = 4;

/// Everybody sends a request in tick [`FIRST`], and nobody is served.
fn no_service(clients: u64, jitter: Jitter) -> Scenario {
    let mut scenario = bare(clients, TICK_S, (FIRST + TICKS) as u32);
    set_dedicated(&mut scenario, 2 + (clients / 20_000) as u32);
    add_shock(&mut scenario, 1, 0.0, 1.0);
    scenario.updates.boot_median_s = lasting(FIRST as u32 - 1, TICK_S);
    set_capacity(&mut scenario, IDLE);
    scenario.retry = retry(jitter);
    scenario
}

/// Everybody is rejected, but for the one request that the queue of a server holds that serves nobody.
fn full_queue(subject: &Subject, jitter: Jitter) -> Check {
    let mut scenario = no_service(subject.clients, jitter);
    scenario.login.queue_limit_s = 0.0;
    let name = format!("login requests after rejections, jitter {}", name_of(jitter));
    let rejected = if subject.is_limit() { subject.clients } else { subject.clients - 1 };
    compare(&Subject { clients: rejected, ..*subject }, &name, &scenario, FIRST, 0, |row| row.login_arrivals)
}

/// Everybody times out.
fn time_outs(subject: &Subject) -> Check {
    let time_out = 6;
    let mut scenario = no_service(subject.clients, Jitter::Equal);
    scenario.login.timeout_s = lasting(time_out, TICK_S);
    let name = "login requests after time-outs, jitter equal";
    compare(subject, name, &scenario, FIRST, time_out as usize, |row| row.login_arrivals)
}

/// Compares the attempts of each tick after tick `first`, of clients that fail `lag` ticks after each attempt.
fn compare(
    subject: &Subject,
    name: &str,
    scenario: &Scenario,
    first: usize,
    lag: usize,
    attempts: fn(&TraceRow) -> u64,
) -> Check {
    let (rows, clients) = (subject.trace(scenario), subject.clients);
    let expected = attempts_per_client(&scenario.retry, lag);
    let comparisons = (1..TICKS).map(|tick| {
        let probability = expected[tick];
        let variance = clients as f64 * probability * (1.0 - probability);
        Comparison {
            at: tick as f64 * TICK_S,
            expected: clients as f64 * probability,
            measured: attempts(&rows[first + tick]) as f64,
            // Where it is certain, it is certain.
            tolerance: if variance < 1e-6 { 1e-6 } else { count_tolerance(variance, TICKS) },
        }
    });
    Check {
        topic: "retries",
        name: subject.name(name),
        formula: "N Σ P(backoff(1) + … + backoff(k) = t)",
        unit: "1",
        at: "s",
        false_alarm: FALSE_ALARM,
        comparisons: comparisons.collect(),
    }
}

/// The expected number of attempts of a client in each tick after its first one.
fn attempts_per_client(retry: &Retry, lag: usize) -> Vec<f64> {
    let mut expected = vec![0.0; TICKS];
    let mut time_of_attempt = vec![0.0; TICKS];
    time_of_attempt[0] = 1.0;
    let mut failures = 0;
    while time_of_attempt.iter().any(|&p| p > 0.0) {
        expected.iter_mut().zip(&time_of_attempt).for_each(|(sum, p)| *sum += p);
        failures += 1;
        let law = delay_law(retry, failures);
        let mut next = vec![0.0; TICKS];
        for (from, probability) in time_of_attempt.iter().enumerate() {
            for (delay, share) in law.iter().enumerate() {
                if let Some(later) = next.get_mut(from + lag + delay) {
                    *later += probability * share;
                }
            }
        }
        time_of_attempt = next;
    }
    expected
}

/// The law of backoff(a) in ticks: the probability of each number of ticks from 0 on.
fn delay_law(retry: &Retry, failures: i32) -> Vec<f64> {
    let longest = retry.cap_s.min(retry.base_s * libm::pow(retry.factor, f64::from(failures - 1))) / TICK_S;
    let shortest = match retry.jitter {
        Jitter::None => longest,
        Jitter::Full => 0.0,
        Jitter::Equal => longest / 2.0,
    };
    let mut law = vec![0.0; longest.ceil() as usize + 1];
    if shortest == longest {
        law[longest.ceil() as usize] = 1.0;
    } else {
        for (ticks, share) in law.iter_mut().enumerate().skip(1) {
            let (from, to) = ((ticks as f64 - 1.0).max(shortest), (ticks as f64).min(longest));
            *share = (to - from).max(0.0) / (longest - shortest);
        }
    }
    law
}

/// Three attach failures, then a success, then rejections: the first of these waits for backoff(1) again.
fn success_resets() -> Check {
    let clients = 1000;
    let mut scenario = bare(clients, TICK_S, 70);
    scenario.retry = retry(Jitter::None);
    set_capacity(&mut scenario, IDLE);
    scenario.login.queue_limit_s = 0.0;
    scenario.login.timeout_s = NEVER_S;
    // Delays of 4, 6, 10, 17 ticks: attach attempts in ticks 0, 4, 10 and, with success, 20.
    add_dedicated_at(&mut scenario, 15, 3);
    let rows = trace(&scenario, 1);
    let comparisons = rows.iter().enumerate().map(|(tick, row)| Comparison {
        at: tick as f64,
        expected: match tick {
            20 => clients as f64,
            24 | 30 | 40 | 57 => clients as f64 - 1.0,
            _ => 0.0,
        },
        measured: row.login_arrivals as f64,
        tolerance: 0.0,
    });
    Check {
        topic: "retries",
        name: "login requests after attach failures and a success".to_owned(),
        formula: "a success sets the number of failures to 0",
        unit: "1",
        at: "tick",
        false_alarm: 0.0,
        comparisons: comparisons.collect(),
    }
}

fn name_of(jitter: Jitter) -> &'static str {
    match jitter {
        Jitter::None => "none",
        Jitter::Full => "full",
        Jitter::Equal => "equal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_laws_of_the_delays_sum_to_one_and_have_their_means() {
        // 3.4 ticks; with equal jitter, 1.7 … 3.4 ticks.
        let means = [
            (Jitter::None, 4.0),
            (Jitter::Full, (1.0 + 2.0 + 3.0 + 0.4 * 4.0) / 3.4),
            (Jitter::Equal, (0.3 * 2.0 + 3.0 + 0.4 * 4.0) / 1.7),
        ];
        for (jitter, expected) in means {
            let law = delay_law(&retry(jitter), 1);
            assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let mean: f64 = law.iter().enumerate().map(|(ticks, p)| ticks as f64 * p).sum();
            assert!((mean - expected).abs() < 1e-12, "{jitter:?} {mean}");
        }
    }

    #[test]
    fn without_jitter_the_attempts_come_at_the_sums_of_the_delays() {
        let expected = attempts_per_client(&retry(Jitter::None), 0);
        let ticks: Vec<usize> = (0..80).filter(|&tick| expected[tick] == 1.0).collect();
        assert_eq!(ticks, [0, 4, 10, 20, 37, 55, 73]);
    }
}
