//! critmass: Monte Carlo sweeps of a super-node network that goes down when too many of its clients restart at once.
//!
//! Data flows one way:
//!
//! ```text
//! sweep file ─→ sweep ─→ engine ─→ runner ─→ store ─→ summary
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`parameters`] | every parameter of the model, declared once |
//! | [`random`] | a stream of random numbers for each purpose, and the laws that are drawn from |
//! | [`engine`] | what a run is: one realisation of one scenario from one seed |
//! | [`sweep`] | what was asked: a sweep file, its cells and replicates |
//! | [`statistics`] | functions of numbers: what can be concluded from runs |
//! | [`runner`] | how runs are made: which one next, on which thread, until when |
//! | [`store`] | what is kept: the folder of a sweep |
//! | [`summary`] | what it says: the surface |
//! | [`validation`] | why anyone should believe it: results with a known answer, compared with what runs give |
//! | [`slurm`] | how it goes to a cluster |
//! | [`cli`] | the commands |

pub mod cli;
pub mod engine;
pub mod parameters;
mod prefetch;
pub mod random;
pub mod runner;
pub mod slurm;
pub mod statistics;
pub mod store;
pub mod summary;
pub mod sweep;
pub mod validation;
