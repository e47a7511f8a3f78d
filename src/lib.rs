//! critmass: Monte Carlo sweeps of a super-node network that goes down when too many of its clients restart at once.
//!
//! Data flows one way:
//!
//! ```text
//! sweep file ─→ sweep ─→ population ─→ runner ─→ store ─→ summary
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`parameters`] | every parameter of the model, declared once |
//! | [`sweep`] | what was asked: a sweep file, its cells and replicates |
//! | [`population`] | what a run is: one realisation of one scenario from one seed |
//! | [`runner`] | how runs are made: which one next, on which thread, until when |
//! | [`store`] | what is kept: the folder of a sweep |
//! | [`summary`] | what it says: intervals and the surface |
//! | [`validation`] | why anyone should believe it: results with a known answer, compared with what runs give |
//! | [`slurm`] | how it goes to a cluster |
//! | [`cli`] | the commands |

pub mod cli;
pub mod parameters;
pub mod population;
pub mod runner;
pub mod slurm;
pub mod store;
pub mod summary;
pub mod sweep;
pub mod validation;
