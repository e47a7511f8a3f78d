//! The critical share of synchronized restarts, by bisection, and what the tick does to it: the figures of README and
//! `docs/mean-field.md`.
//!
//! ```sh
//! cargo test --release --test mean_field critical -- --nocapture
//! ```

use critmass::engine::mean_field::Solver;
use critmass::parameters::Scenario;
use rayon::prelude::*;

/// Ticks, s, with the critical share of the default scenario.
const CRITICAL: [(f64, f64); 5] =
    [(1.0, 0.404_63), (2.0, 0.405_06), (5.0, 0.406_23), (10.0, 0.407_89), (20.0, 0.411_05)];

/// The share at which the outcome turns, to 2⁻²².
fn critical_share(tick_s: f64) -> f64 {
    let mut scenario = Scenario::default();
    // The outcome is known two to three hours after the release at 12 h.
    (scenario.time.tick_s, scenario.time.horizon_h) = (tick_s, 16.0);
    // One workspace: the twelve hours before the release are the same for all.
    let mut solver = Solver::new();
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..22 {
        let middle = 0.5 * (low + high);
        scenario.updates.synchronization = middle;
        if solver.has_outage(&scenario) { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

#[test]
fn the_critical_share_grows_with_the_tick_in_proportion() {
    let found: Vec<f64> = CRITICAL.par_iter().map(|&(tick_s, _)| critical_share(tick_s)).collect();
    for ((tick_s, stated), found) in CRITICAL.iter().zip(&found) {
        println!("{tick_s:>4} s: {found:.5}");
        assert!((found - stated).abs() < 1e-5, "{tick_s} s: {found}, not {stated}");
    }
    let (page, readme) = (include_str!("../../docs/mean-field.md"), include_str!("../../README.md"));
    for (tick_s, stated) in CRITICAL {
        assert!(page.contains(&format!("{stated:.5}")), "docs/mean-field.md: {tick_s} s");
        assert!(![1.0, 5.0, 20.0].contains(&tick_s) || readme.contains(&format!("{stated:.3}")), "README: {tick_s} s");
    }
    // A line through the ticks of 1 and 10 s.
    let slope = (found[3] - found[0]) / 9.0;
    let limit = found[0] - slope;
    println!("without ticks: {limit:.4}; {slope:.5} a second");
    assert!((limit - 0.4043).abs() < 1e-4, "{limit}");
    for ((tick_s, _), found) in CRITICAL.iter().zip(&found) {
        assert!((limit + slope * tick_s - found).abs() < 5e-4, "{tick_s} s: not on the line");
    }
}
