//! One run of the default network with 100,000 clients: how many of them are online, hour by hour, when half of those
//! that install an update restart within half an hour, and when the login server drops requests that nobody waits for.
//!
//! `cargo run --release --example one_run`

use critmass::{Error, Scenario, simulate_with_trace};

fn main() -> Result<(), Error> {
    let mut scenario = Scenario::default();
    scenario.population.clients = 100_000;
    scenario.updates.synchronization = 0.6;
    scenario.time.horizon_h = 18.0;
    for drop_expired in [false, true] {
        scenario.login.drop_expired = drop_expired;
        let run = simulate_with_trace(&scenario, 1, 1200.0)?;
        println!("login.drop_expired = {drop_expired}: online, from an hour before the update on");
        let after_h = scenario.updates.release_h - 1.0;
        for row in run.trace.iter().filter(|row| row.t_h > after_h) {
            let share = row.online as f64 / row.demand as f64;
            println!("{:5.1} h {:4.0} % {}", row.t_h, 100.0 * share, "#".repeat((50.0 * share) as usize));
        }
        match run.outcome.recovery_h {
            Some(hours) => println!("recovered {hours:.1} h after the update\n"),
            None => println!("not recovered\n"),
        }
    }
    Ok(())
}
