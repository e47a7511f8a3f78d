//! critmass: Monte Carlo sweeps of a super-node network that goes down when too many clients restart at once.

pub mod parameters;
pub mod population;
pub mod sweep;
