//! A sweep without files: the outage probability of a small network over two axes, with an uncertain input.
//!
//! `cargo run --release --example sweep`

use critmass::{Error, Sweep, simulate_sweep, surface_of};

const SWEEP: &str = r#"
name = "how-much-at-once"
[scenario]
population.clients = 20_000
time.horizon_h = 14.0
[[axis]]
parameter = "login.drop_expired"
values = [false, true]
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 0.8, points = 5 }
[uncertain]
updates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }
[replicates]
at_least = 10
at_most = 10
"#;

fn main() -> Result<(), Error> {
    let sweep: Sweep = SWEEP.parse()?;
    let runs = simulate_sweep(&sweep)?;
    println!("drop expired  synchronization  outage probability");
    for cell in surface_of(&sweep, &runs)?.cells() {
        let [dropped, synchronization] = [0, 1].map(|axis| sweep.label(axis, cell.cell).map(|label| label.to_string()));
        let (low, high) = (cell.outage_probability_low, cell.outage_probability_high);
        let (dropped, synchronization) = (dropped.unwrap_or_default(), synchronization.unwrap_or_default());
        println!("{dropped:>12}  {synchronization:>15}  {:.1} (95 %: {low:.2} … {high:.2})", cell.outage_probability);
    }
    Ok(())
}
