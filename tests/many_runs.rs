//! Ten million runs in one folder: sizes, times and memory. The runs are made up; the files are real.
//!
//!     cargo test --release --test many_runs -- --ignored --nocapture
//!
//! Needs some 5 GB on the disk of the temporary folder. The figures are in benches/README.md.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request, Run};
use critmass::parameters::Scenario;
use critmass::random::derive_seed;
use critmass::store::{RunRow, Shard, Store};
use critmass::sweep::Sweep;

const SWEEP: &str = r#"
name = "ten-million"
[[axis]]
parameter = "overlay.supernode_ratio"
logarithmic = { from = 0.010, to = 0.040, points = 250 }
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 400 }
[uncertain]
"updates.patched_fraction" = { beta = { mean = 0.6, sd = 0.1 } }
"login.capacity_per_s_per_million" = { lognormal = { median = 150.0, sigma = 0.2 } }
[replicates]
at_least = 100
at_most = 100
"#;
const SHARDS: u32 = 20;

/// A run whose numbers nobody can compress better than those of a real one.
fn made_up(like: &Run, cell: u32, replicate: u32) -> RunRow {
    let seed = derive_seed(u64::from(cell), &[u64::from(replicate)]);
    let share = |column: u32| (derive_seed(seed, &[u64::from(column)]) >> 11) as f64 / (1_u64 << 53) as f64;
    let count = |column: u32| (1e6 * share(column)) as u64;
    let mut run = like.clone();
    let o = &mut run.outcome;
    o.outage = share(0) < 0.5;
    (o.outage_h, o.min_online_fraction, o.min_online_at_h) = (share(1), share(2), share(3));
    (o.lost_client_h, o.baseline_online_fraction) = (share(4), share(5));
    (o.peak_login_rate_per_s, o.supernode_blocked_client_h, o.login_blocked_client_h) = (share(6), share(7), share(8));
    (o.outage_start_h, o.recovery_h, o.requests_per_login) =
        (o.outage.then_some(share(9)), o.outage.then_some(share(10)), Some(share(11)));
    (o.attach_attempts, o.attach_failures, o.login_requests) = (count(12), count(13), count(14));
    (o.logins, o.restarts, o.min_supernodes, o.peak_login_queue) = (count(15), count(16), count(17), count(18));
    (o.login_timeouts, o.login_wasted, o.demand_peak, o.events) = (count(19), count(20), count(21), count(22));
    RunRow { cell, replicate, seed, drawn: vec![share(23), 150.0 * share(24)], run }
}

/// Peak memory of a process, MiB, as Linux tells.
fn peak_mib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Processor time of a process, s, as Linux tells, whose clock has 100 ticks a second.
fn cpu_s(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Runs the program; says how long it took and how much memory; returns what it wrote.
fn measure(shown: &Path, arguments: &[&str]) -> String {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_critmass"))
        .args(arguments)
        .stdout(std::fs::File::create(shown).unwrap())
        .spawn()
        .unwrap();
    let (mut peak, mut cpu) = (0, 0.0_f64);
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_mib(&child.id().to_string()));
        cpu = cpu.max(cpu_s(&child.id().to_string()));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let wall = started.elapsed().as_secs_f64();
    println!("critmass {}: {wall:.1} s, {cpu:.1} s of processor time, peak {peak} MiB", arguments[0]);
    std::fs::read_to_string(shown).unwrap()
}

fn files(folder: &Path) -> (usize, u64) {
    let sizes = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let sizes: Vec<u64> = sizes.collect();
    (sizes.len(), sizes.iter().sum::<u64>() >> 20)
}

/// A run to make others like.
fn example() -> Run {
    let mut scenario = Scenario::default();
    scenario.population.clients = 1000;
    scenario.time.horizon_h = 13.0;
    Simulator::new().run(&scenario, 1, &Request::trace(3600.0)).unwrap()
}

/// Every file of a folder with its bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut all: Vec<_> = paths.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    all.sort();
    all.into_iter().map(|(path, bytes)| (path.rsplit('/').next().unwrap().to_owned(), bytes)).collect()
}

#[test]
fn many_checkpoints_become_few_and_large_cells_are_written_piece_by_piece() {
    const REPLICATES: u32 = 120_000;
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.0, 1.0]\n\
         [replicates]\nat_least = 1\nat_most = {REPLICATES}\n[traces]\nreplicates = 9\nevery_s = 3600.0\n"
    );
    let sweep = Sweep::parse(&text, "t.toml", &[]).unwrap();
    let like = example();
    let row = |cell: u32, replicate: u32| {
        let mut row = made_up(&like, cell, replicate);
        row.drawn.clear();
        if replicate >= 9 {
            row.run.trace.clear();
        }
        row
    };
    let (at_once, in_pieces) = (folder.path().join("at-once"), folder.path().join("in-pieces"));
    let mut store = Store::open(&at_once, &sweep, None).unwrap();
    for cell in 0..2 {
        (0..REPLICATES).for_each(|replicate| store.add(row(cell, replicate)));
        store.complete(cell, |_| REPLICATES).unwrap();
    }
    drop(store);

    let mut store = Store::open(&in_pieces, &sweep, None).unwrap();
    for cell in 0..2 {
        // In another order; the first ones one by one.
        for replicate in (0..REPLICATES).rev() {
            store.add(row(cell, replicate));
            if store.is_full() || REPLICATES - replicate < 150 {
                store.checkpoint().unwrap();
            }
        }
        let (count, _) = files(&in_pieces.join("checkpoint"));
        assert!(count < 60, "{count} files");
        let found = store.found(cell).unwrap();
        assert!(found.iter().map(|run| run.key.replicate).eq(found[0].key.replicate..REPLICATES));
        store.complete(cell, |_| REPLICATES).unwrap();
    }
    store.finish().unwrap();
    for part in ["runs", "traces"] {
        assert!(contents(&at_once.join(part)) == contents(&in_pieces.join(part)), "{part}");
    }
    assert_eq!(files(&in_pieces.join("checkpoint")).0, 0);
    assert_eq!(store.folder().runs(1).unwrap().num_rows(), REPLICATES as usize);
}

#[test]
#[ignore = "minutes, and gigabytes on the disk"]
fn ten_million_runs_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sweep_file = folder.path().join("sweep.toml");
    std::fs::write(&sweep_file, SWEEP).unwrap();
    let sweep = Sweep::read(&sweep_file, &[]).unwrap();
    let (out, shown) = (folder.path().join("out"), folder.path().join("shown"));
    let like = Run { trace: Vec::new(), ..example() };

    let started = Instant::now();
    for shard in (0..SHARDS).filter_map(|index| Shard::new(index, SHARDS)) {
        let mut store = Store::open(&out, &sweep, Some(shard)).unwrap();
        for cell in (0..sweep.cells()).filter(|&cell| shard.has(cell)) {
            (0..100).for_each(|replicate| store.add(made_up(&like, cell, replicate)));
            if store.is_full() {
                store.checkpoint().unwrap();
            }
        }
        store.checkpoint().unwrap();
        store.finish_shard().unwrap();
    }
    let (count, mib) = files(&out.join("checkpoint"));
    println!(
        "{SHARDS} shards: {:.0} s, {:.0} s of processor time, {count} files, {mib} MiB, peak {} MiB",
        started.elapsed().as_secs_f64(),
        cpu_s("self"),
        peak_mib("self")
    );

    let (out_text, sweep_text) = (out.to_str().unwrap(), sweep_file.to_str().unwrap());
    let status = measure(&shown, &["status", out_text]);
    assert!(status.contains("100000 of 100000 complete") && status.contains("10000000 in checkpoints"), "{status}");
    let merged = measure(&shown, &["run", sweep_text, "--out", out_text]);
    assert!(merged.contains("10000000 runs"), "{merged}");
    let (count, mib) = files(&out.join("runs"));
    println!("runs/: {count} files, {mib} MiB");
    assert!(measure(&shown, &["status", out_text]).ends_with("\ncomplete\n"));
    measure(&shown, &["summarize", out_text]);
    // To continue when there is little to do takes no longer than to look whether all is there.
    let rewritten = Instant::now();
    let mut store = Store::open(&out, &sweep, None).unwrap();
    println!("opened in {:.1} s", rewritten.elapsed().as_secs_f64());
    for cell in store.folder().cells_of(7) {
        (0..100).for_each(|replicate| store.add(made_up(&like, cell, replicate)));
    }
    store.complete(7, |_| 100).unwrap();
}
