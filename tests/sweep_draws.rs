//! The uncertain inputs follow their laws, are truncated to what is allowed, and are shared between cells or not.
//!
//! Seeds are fixed. A Kolmogorov-Smirnov test fails by chance with probability 1e-6: the distance times √n is above
//! 2.694 = √(ln(2/1e-6)/2) that rarely (Dvoretzky, Kiefer, Wolfowitz, with the constant of Massart 1990).

use critmass::sweep::Sweep;

const KS_LIMIT: f64 = 2.694;

fn check_law(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64, what: &str) {
    let n = sample.len() as f64;
    sample.sort_by(f64::total_cmp);
    let distance = sample.iter().enumerate().fold(0.0_f64, |largest, (i, &x)| {
        let p = cdf(x);
        largest.max((p - i as f64 / n).abs()).max(((i + 1) as f64 / n - p).abs())
    });
    assert!(distance * n.sqrt() < KS_LIMIT, "{what}: distance {distance} of {n} draws");
}

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Distribution function of a beta law by Simpson's rule on its density.
fn beta_cdf(a: f64, b: f64) -> impl Fn(f64) -> f64 {
    const STEPS: usize = 20_000;
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let density = move |x: f64| libm::exp((a - 1.0) * libm::log(x) + (b - 1.0) * libm::log1p(-x) - log_beta);
    let width = 1.0 / STEPS as f64;
    let mut table = vec![0.0];
    for i in 0..STEPS {
        let x = i as f64 * width;
        let (left, right) =
            (if i == 0 { 0.0 } else { density(x) }, if i + 1 == STEPS { 0.0 } else { density(x + width) });
        table.push(table[i] + width / 6.0 * (left + 4.0 * density(x + width / 2.0) + right));
    }
    move |x| {
        let at = (x * STEPS as f64).min(STEPS as f64 - 1e-9);
        let i = at as usize;
        table[i] + (at - i as f64) * (table[i + 1] - table[i])
    }
}

fn triangular_cdf(from: f64, mode: f64, to: f64) -> impl Fn(f64) -> f64 {
    move |x| {
        if x < mode {
            (x - from).powi(2) / ((to - from) * (mode - from))
        } else {
            1.0 - (to - x).powi(2) / ((to - from) * (to - mode))
        }
    }
}

fn read(text: &str) -> Sweep {
    Sweep::parse(&format!("name = \"t\"\nseed = 7\n{text}"), "t.toml", &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn draws(sweep: &Sweep, cell: u32, input: usize, n: u32) -> Vec<f64> {
    (0..n).map(|replicate| sweep.realization(cell, replicate).drawn[input]).collect()
}

/// Draws of a parameter that may be any number from 0 on, or of a share.
fn law(parameter: &str, law: &str, n: u32) -> Vec<f64> {
    draws(&read(&format!("[uncertain]\n{parameter} = {{ {law} }}")), 0, 0, n)
}

#[test]
fn every_law_is_drawn_as_it_is_defined() {
    let draw = |text: &str| law("updates.burst_delay_s", text, 50_000);
    check_law(draw("uniform = { from = 2, to = 3 }"), |x| (x - 2.0).clamp(0.0, 1.0), "uniform");
    check_law(draw("normal = { mean = 50, sd = 2 }"), |x| normal_cdf((x - 50.0) / 2.0), "normal");
    let lognormal = draw("lognormal = { median = 150.0, sigma = 0.2 }");
    check_law(lognormal, |x| normal_cdf(libm::log(x / 150.0) / 0.2), "lognormal");
    // Mean 0.6 and sd 0.1 are a + b = 0.6 · 0.4/0.01 − 1 = 23.
    check_law(draw("beta = { mean = 0.6, sd = 0.1 }"), beta_cdf(13.8, 9.2), "beta");
    for (from, mode, to) in [(1.0, 2.0, 5.0), (1.0, 1.0, 5.0), (1.0, 5.0, 5.0)] {
        let text = format!("triangular = {{ from = {from}, mode = {mode}, to = {to} }}");
        check_law(draw(&text), triangular_cdf(from, mode, to), "triangular");
    }
    // A beta law with a peak at each end: mean and variance within 5 standard errors, false alarm below 1e-6 each.
    let sample = law("updates.synchronization", "beta = { mean = 0.3, sd = 0.4 }", 50_000);
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    assert!((mean - 0.3).abs() < 5.0 * 0.4 / n.sqrt(), "{mean}");
    // The fourth central moment of a law on [0, 1] is at most its variance.
    assert!((variance - 0.16).abs() < 5.0 * 0.4 / n.sqrt(), "{variance}");
}

#[test]
fn a_discrete_law_has_its_weights() {
    let sample = law("updates.burst_delay_s", "discrete = { values = [1, 7, 3, 9], weights = [1, 0, 2, 1] }", 50_000);
    check_shares(&sample, &[(1.0, 0.25), (7.0, 0.0), (3.0, 0.5), (9.0, 0.25)], "discrete");
}

#[test]
fn a_spread_of_zero_gives_the_centre() {
    assert_eq!(law("updates.burst_delay_s", "lognormal = { median = 150, sigma = 0 }", 2), [150.0, 150.0]);
    assert_eq!(law("updates.burst_delay_s", "normal = { mean = 3.25, sd = 0 }", 2), [3.25, 3.25]);
}

/// Laws that are truncated on one side or on both, by the range of a share, of which the parts that are left have known
/// means; each mean is within 5 standard errors, false alarm below 1e-6 each.
#[test]
fn the_moments_of_truncated_laws_are_known() {
    let density = |z: f64| libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
    let normal = |mean: f64, sd: f64| {
        let (a, b) = (-mean / sd, (1.0 - mean) / sd);
        mean + sd * (density(a) - density(b)) / (normal_cdf(b) - normal_cdf(a))
    };
    // Of a lognormal law below 1: exp(σ²/2) Φ(z − σ)/Φ(z) times the median, z = −ln(median)/σ.
    let lognormal = |median: f64, sigma: f64| {
        let z = -libm::log(median) / sigma;
        median * libm::exp(0.5 * sigma * sigma) * normal_cdf(z - sigma) / normal_cdf(z)
    };
    for (text, mean) in [
        ("normal = { mean = 0.9, sd = 0.3 }", normal(0.9, 0.3)),
        ("normal = { mean = -0.5, sd = 0.2 }", normal(-0.5, 0.2)),
        ("normal = { mean = 3, sd = 1 }", normal(3.0, 1.0)),
        ("lognormal = { median = 0.5, sigma = 1 }", lognormal(0.5, 1.0)),
        ("lognormal = { median = 4, sigma = 0.5 }", lognormal(4.0, 0.5)),
        ("uniform = { from = -1, to = 3 }", 0.5),
        // The density 4 − x on 0 … 1, to scale: ∫ x (4 − x)/∫ (4 − x).
        ("triangular = { from = -4, mode = 0, to = 4 }", (2.0 - 1.0 / 3.0) / 3.5),
    ] {
        let sample = law("updates.synchronization", text, 20_000);
        let n = sample.len() as f64;
        let found = sample.iter().sum::<f64>() / n;
        let sd = (sample.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n).sqrt();
        assert!((found - mean).abs() < 5.0 * sd / n.sqrt(), "{text}: {found} {mean}");
    }
}

#[test]
fn a_law_is_truncated_to_the_range_of_its_parameter() {
    let sweep = read("[uncertain]\nupdates.patched_fraction = { normal = { mean = 0.9, sd = 0.3 } }");
    let sample = draws(&sweep, 0, 0, 20_000);
    assert!(sample.iter().all(|x| (0.0..=1.0).contains(x)));
    let (low, high) = (normal_cdf(-0.9 / 0.3), normal_cdf(0.1 / 0.3));
    check_law(sample, |x| (normal_cdf((x - 0.9) / 0.3) - low) / (high - low), "truncated normal");
}

#[test]
fn a_factor_multiplies_and_the_product_is_truncated() {
    let text = "[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.2, 0.8]\n[uncertain]\nupdates.synchronization = { factor = { uniform = { from = 0.5, to = 1.5 } } }";
    let sweep = read(text);
    check_law(draws(&sweep, 0, 0, 20_000), |x| (x / 0.2 - 0.5).clamp(0.0, 1.0), "factor");
    // 0.8 × 1.25 is the end of the range, so the factor is uniform up to there.
    check_law(draws(&sweep, 1, 0, 20_000), |x| ((x / 0.8 - 0.5) / 0.75).clamp(0.0, 1.0), "truncated factor");
    let run = sweep.realization(1, 4);
    assert_eq!(run.scenario.updates.synchronization, run.drawn[0]);
    assert_eq!(sweep.uncertain[0].column(&sweep), "updates.synchronization_drawn");
}

/// Checks that the values have these shares, each within five standard deviations: false alarm below 1e-6 each.
fn check_shares(sample: &[f64], shares: &[(f64, f64)], what: &str) {
    let n = sample.len() as f64;
    for &(value, share) in shares {
        let seen = sample.iter().filter(|&&x| x == value).count() as f64 / n;
        assert!((seen - share).abs() <= 5.0 * (share * (1.0 - share) / n).sqrt(), "{what}: {value}: {seen}");
    }
    let listed: f64 = shares.iter().map(|(_, share)| share).sum();
    assert!((listed - 1.0).abs() < 1e-9 && sample.iter().all(|x| shares.iter().any(|(value, _)| value == x)), "{what}");
}

#[test]
fn a_uniform_law_on_whole_numbers_gives_each_the_same_share() {
    for (parameter, from, to) in [("overlay.probes", 1, 4), ("overlay.slots", 74, 75), ("population.clients", 1, 7)] {
        let law = format!("[uncertain]\n{parameter} = {{ uniform = {{ from = {from}, to = {to} }} }}");
        let sweep = read(&law);
        let share = 1.0 / f64::from(to - from + 1);
        let shares: Vec<(f64, f64)> = (from..=to).map(|n| (f64::from(n), share)).collect();
        check_shares(&draws(&sweep, 0, 0, 5000), &shares, parameter);
    }
    // What is out of range is left out, and leaves the others alike.
    let sweep = read("[uncertain]\noverlay.slots = { uniform = { from = -2, to = 3.0 } }");
    let third = 1.0 / 3.0;
    check_shares(&draws(&sweep, 0, 0, 5000), &[(1.0, third), (2.0, third), (3.0, third)], "truncated");
    assert_eq!(sweep.realization(0, 0).scenario.overlay.slots as f64, draws(&sweep, 0, 0, 1)[0]);
}

#[test]
fn what_other_laws_draw_for_whole_numbers_is_rounded() {
    let sweep = read("[uncertain]\noverlay.probes = { triangular = { from = 0, mode = 0, to = 2 } }");
    // The density (2 − x)/2 on 0.5 … 1.5 and 1.5 … 2; what would be rounded to 0 is left out.
    check_shares(&draws(&sweep, 0, 0, 5000), &[(1.0, 8.0 / 9.0), (2.0, 1.0 / 9.0)], "triangular");
    let factor = "[scenario]\noverlay.slots = 10\n[uncertain]\noverlay.slots = { factor = { uniform = { from = 0.95, to = 1.25 } } }";
    let third = 1.0 / 3.0;
    check_shares(&draws(&read(factor), 0, 0, 5000), &[(10.0, third), (11.0, third), (12.0, third)], "factor");
}

/// Where cells truncate a law differently, a replicate with a high value in one has a high one in all.
#[test]
fn with_common_random_numbers_the_replicates_have_the_same_order_in_every_cell() {
    let axis = "[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.6, 0.7, 0.8, 0.9]\n[uncertain]\n";
    for law in [
        "lognormal = { median = 1, sigma = 0.4 }",
        "normal = { mean = 1, sd = 0.3 }",
        "beta = { mean = 0.7, sd = 0.3 }",
        "uniform = { from = 0.5, to = 1.5 }",
        "triangular = { from = 0.5, mode = 1, to = 2 }",
        "discrete = { values = [1.3, 0.5, 1, 1.2, 0.9], weights = [1, 2, 3, 1, 1] }",
    ] {
        let sweep = read(&format!("{axis}updates.synchronization = {{ factor = {{ {law} }} }}"));
        let cells: Vec<Vec<f64>> = (0..4).map(|cell| draws(&sweep, cell, 0, 500)).collect();
        let mut order: Vec<usize> = (0..500).collect();
        order.sort_by(|&a, &b| cells[0][a].total_cmp(&cells[0][b]));
        for cell in &cells[1..] {
            assert!(order.is_sorted_by(|&a, &b| cells[0][a] == cells[0][b] || cell[a] <= cell[b]), "{law}");
        }
    }
}

/// Both back-offs uniform on 100 … 1000, and the base at most the cap: of the joint law the base has the mean 400, and the
/// cap 700. 5 standard errors: false alarm below 1e-6 each.
#[test]
fn inputs_that_must_fit_to_each_other_have_their_joint_law() {
    let sweep = read(
        "[uncertain]\nretry.base_s = { uniform = { from = 100, to = 1000 } }\n\
         retry.cap_s = { uniform = { from = 100, to = 1000 } }\n\
         login.timeout_s = { uniform = { from = 30, to = 90 } }",
    );
    let (base, cap) = (draws(&sweep, 0, 1, 20_000), draws(&sweep, 0, 2, 20_000));
    let mean = |sample: &[f64]| sample.iter().sum::<f64>() / sample.len() as f64;
    // Both have the variance 900²/18 of a triangular law.
    let error = 5.0 * (900.0_f64.powi(2) / 18.0 / 20_000.0).sqrt();
    assert!(
        (mean(&base) - 400.0).abs() < error && (mean(&cap) - 700.0).abs() < error,
        "{} {}",
        mean(&base),
        mean(&cap)
    );
    assert!(base.iter().any(|&x| x > 900.0) && base.iter().zip(&cap).all(|(base, cap)| base <= cap));
    // What has to fit to nothing keeps its draw when the others are drawn again.
    let alone = read("[uncertain]\nlogin.timeout_s = { uniform = { from = 30, to = 90 } }");
    assert_eq!(draws(&sweep, 0, 0, 200), draws(&alone, 0, 0, 200));
}

#[test]
fn draws_that_do_not_fit_to_the_rest_of_the_scenario_are_drawn_again() {
    let sweep = read(
        "[scenario]\ntime.horizon_h = 20\n[uncertain]\nretry.base_s = { uniform = { from = 500, to = 700 } }\n\
         retry.cap_s = { uniform = { from = 400, to = 800 } }\nupdates.release_h = { uniform = { from = 10, to = 40 } }",
    );
    for replicate in 0..2000 {
        let run = sweep.realization(0, replicate);
        assert_eq!(run.scenario.check(), Ok(()), "replicate {replicate}");
    }
    assert!(draws(&sweep, 0, 2, 2000).iter().any(|&release_h| release_h > 19.0));
}

const TWO_CELLS: &str = "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n";
const ONE_INPUT: &str = "[uncertain]\nupdates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\n";

#[test]
fn with_common_random_numbers_a_replicate_is_the_same_in_every_cell() {
    let sweep = read(&format!("{TWO_CELLS}{ONE_INPUT}"));
    for replicate in 0..100 {
        let (one, two) = (sweep.realization(0, replicate), sweep.realization(1, replicate));
        assert_eq!((one.seed, &one.drawn), (two.seed, &two.drawn));
        assert_ne!(one.scenario, two.scenario);
    }
}

#[test]
fn without_common_random_numbers_no_two_runs_share_a_seed() {
    let sweep = read(&format!("{TWO_CELLS}{ONE_INPUT}[replicates]\ncommon_random_numbers = false\n"));
    let mut seeds: Vec<u64> =
        (0..2).flat_map(|c| (0..1000).map(move |r| (c, r))).map(|(c, r)| sweep.run_seed(c, r)).collect();
    seeds.extend((0..1000).map(|r| read(ONE_INPUT).run_seed(0, r)));
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 3000);
    assert_ne!(sweep.realization(0, 0).drawn, sweep.realization(1, 0).drawn);
}

#[test]
fn neighbouring_replicates_and_inputs_are_uncorrelated() {
    let text = format!("{ONE_INPUT}updates.synchronization = {{ beta = {{ mean = 0.6, sd = 0.1 }} }}\n");
    let sweep = read(&text);
    let (one, two) = (draws(&sweep, 0, 0, 20_001), draws(&sweep, 0, 1, 20_001));
    let correlation = |a: &[f64], b: &[f64]| {
        let products: f64 = a.iter().zip(b).map(|(x, y)| (x - 0.6) * (y - 0.6)).sum();
        products / (a.len() as f64 * 0.01)
    };
    // 5/√n is 5 standard deviations: false alarm below 1e-6 each.
    for (what, value) in [("replicates", correlation(&one[1..], &one[..20_000])), ("inputs", correlation(&one, &two))] {
        assert!(value.abs() < 5.0 / 20_000.0_f64.sqrt(), "{what}: {value}");
    }
}

#[test]
fn one_more_uncertain_input_does_not_move_the_draws_of_another() {
    let one = read(ONE_INPUT);
    let two = read(&format!("{ONE_INPUT}login.timeout_s = {{ lognormal = {{ median = 60, sigma = 0.3 }} }}\n"));
    for replicate in 0..100 {
        let (one, two) = (one.realization(0, replicate), two.realization(0, replicate));
        assert_eq!((one.seed, one.drawn[0]), (two.seed, two.drawn[1]));
    }
}

#[test]
fn the_same_sweep_draws_these_numbers_for_ever() {
    let sweep = read(
        "[uncertain]\nlogin.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }\n\
         login.timeout_s = { normal = { mean = 60, sd = 5 } }\noverlay.slots = { triangular = { from = 50, mode = 60, to = 90 } }\n\
         retry.factor = { discrete = { values = [1.5, 2, 3], weights = [1, 2, 1] } }\n\
         updates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\n\
         updates.synchronization = { uniform = { from = 0.1, to = 0.4 } }",
    );
    let run = sweep.realization(0, 3);
    assert_eq!(run.seed, 9449497943551069807);
    assert_eq!(run.drawn, [143.58404161075816, 63.28736833417884, 56.0, 2.0, 0.47797422746734114, 0.28686681975067263]);
    let independent = read("[replicates]\ncommon_random_numbers = false");
    assert_eq!(independent.run_seed(0, 3), 9115897273449291531);
}

/// A law with a peak at each end, a quarter of which lies nearer to 1 than any other number of 64 bits.
#[test]
fn a_range_without_its_upper_end_is_drawn_from_without_it() {
    let sweep = read("[uncertain]\nlogin.degradation = { beta = { mean = 0.5, sd = 0.49 } }\n");
    let drawn = draws(&sweep, 0, 0, 1_000);
    assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
    assert!(drawn.iter().filter(|&&x| x > 0.999).count() > 100);
}

const SOBOL: &str = "[replicates]\nsampling = \"sobol\"\n[uncertain]\n\
                     updates.boot_median_s = { uniform = { from = 100, to = 164 } }\n\
                     updates.burst_delay_s = { normal = { mean = 50, sd = 2 } }\n";

#[test]
fn a_sobol_point_follows_the_laws_over_cells_with_inputs_of_their_own() {
    let axis = "[[axis]]\nparameter = \"outage.trigger_h\"\nlinear = { from = 1, to = 11, points = 20_000 }\n";
    let sweep = read(&format!("{axis}{}", SOBOL.replace("sampling", "common_random_numbers = false\nsampling")));
    for replicate in [0, 17, 127] {
        let draws = |input: usize| (0..20_000).map(|cell| sweep.realization(cell, replicate).drawn[input]).collect();
        check_law(draws(0), |x| (x - 100.0) / 64.0, "uniform");
        check_law(draws(1), |x| normal_cdf((x - 50.0) / 2.0), "normal");
    }
}

#[test]
fn the_sobol_points_of_a_block_are_spread_evenly_and_blocks_differ() {
    let sweep = read(SOBOL);
    let stratum = |x: f64| (x - 100.0) as u32;
    for block in 0..16 {
        let mut strata: Vec<u32> =
            (0..64).map(|index| stratum(sweep.realization(0, block + 16 * index).drawn[0])).collect();
        strata.sort_unstable();
        assert!(strata.into_iter().eq(0..64), "{block}");
    }
    let mut first = draws(&sweep, 0, 0, 16);
    first.sort_by(f64::total_cmp);
    first.dedup();
    assert_eq!(first.len(), 16);
}

#[test]
fn a_sobol_point_depends_on_seed_block_and_index_alone() {
    let few = read(&format!("{TWO_CELLS}{SOBOL}"));
    let many = read(&format!("{TWO_CELLS}{}", SOBOL.replace("sampling", "at_most = 4096\nsampling")));
    let fresh = read(&format!("{TWO_CELLS}{}", SOBOL.replace("sampling", "common_random_numbers = false\nsampling")));
    let random = read(&format!("{TWO_CELLS}{}", SOBOL.replace("sampling = \"sobol\"\n", "")));
    for replicate in 0..128 {
        let drawn = |sweep: &Sweep, cell| sweep.realization(cell, replicate).drawn;
        assert_eq!(drawn(&few, 0), drawn(&many, 0));
        assert_eq!(drawn(&few, 0), drawn(&few, 1), "common random numbers");
        assert!(drawn(&fresh, 0) != drawn(&fresh, 1) && drawn(&few, 0) != drawn(&random, 0));
        assert!(few.common_run(1, &many, 1, replicate).is_some(), "more replicates keep the runs that there are");
        // Coin flips have the streams that they always had.
        assert_eq!(few.run_seed(0, replicate), random.run_seed(0, replicate));
    }
    // Value stability: these draws for ever.
    assert_eq!(few.realization(0, 21).drawn, [146.02052206546068, 48.05419422587853]);
}

#[test]
fn sobol_points_that_do_not_fit_are_drawn_again_and_keep_the_joint_law() {
    let sweep = read(
        "[replicates]\nsampling = \"sobol\"\n[uncertain]\n\
         retry.base_s = { uniform = { from = 100, to = 1000 } }\nretry.cap_s = { uniform = { from = 100, to = 1000 } }\n",
    );
    let runs: Vec<Vec<f64>> = (0..16 * 1024).map(|replicate| sweep.realization(0, replicate).drawn).collect();
    assert!(runs.iter().all(|drawn| drawn[0] <= drawn[1]));
    let mean = |input: usize| runs.iter().map(|drawn| drawn[input]).sum::<f64>() / runs.len() as f64;
    // Standard deviations of 212 s in 16,384 runs: 5 standard errors are 8.3 s, a false alarm below 1e-6.
    assert!((mean(0) - 400.0).abs() < 8.3 && (mean(1) - 700.0).abs() < 8.3, "{} {}", mean(0), mean(1));
}
