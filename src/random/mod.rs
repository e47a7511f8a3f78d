//! Random numbers: a stream for each purpose, and the laws that are drawn from.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `streams` | seeds, and the stream of each [`Purpose`] |
//! | `uniform` | whole and real numbers, all equally likely |
//! | `shuffle` | random orders |
//! | `binomial`, `poisson`, `ziggurat` | the other laws; `ziggurat` has the normal and the exponential one |
//! | `quantile` | distribution functions and their inverses, for drawing by inversion |
//! | `sobol` | points that are spread more evenly than chance would |
//! | `ziggurat_tables` | the constants of the ziggurat method |
//!
//! # The same digits on every machine
//!
//! `exp`, `ln`, `powf` and the like, called as methods of `f64`, end in the C library of the system, whose last digit
//! differs from one library to the next: enough to turn a draw around, and with it a run. So nothing that reaches a
//! result calls them: elementary functions are those of the `libm` crate, which is plain arithmetic, and the list of
//! refused methods in `clippy.toml` sees to it. `sqrt`, `floor` and `round` are exact everywhere.
//!
//! `rand_distr` calls the methods of `f64`. Its laws are therefore written down here once more, on `libm`, each after the
//! paper that `rand_distr` follows as well, and such that the same words of the generator make the same number: one
//! can be tested against the other (`tests/elementary.rs`).

mod binomial;
mod poisson;
mod quantile;
mod shuffle;
mod sobol;
mod streams;
mod uniform;
mod ziggurat;
mod ziggurat_tables;

pub use binomial::{binomial, binomial_of_hazard};
pub use poisson::poisson;
pub use quantile::{Tails, beta_quantile, beta_tails, normal_quantile, normal_tails};
pub(crate) use shuffle::{shuffle, shuffle_first};
pub use sobol::{SOBOL_DIMENSIONS, SOBOL_POINTS, scrambled_sobol};
pub use streams::{Purpose, Stream, derive_seed, stream};
pub use uniform::unit;
pub(crate) use uniform::{below, chance, halves, open_unit, scale};
pub use ziggurat::{standard_exponential, standard_normal};
