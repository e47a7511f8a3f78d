//! The same model without chance: what a run tends to as there are ever more clients.
//!
//! A [`Solver`] follows no clients, but masses: shares of the population in each state, in the ticks of the model and in
//! the order of its phases. What is discrete in the model and does not vanish with ever more clients is kept as it is:
//! delays of whole ticks, clients that a super node accepts in a tick, probes in random order, requests by the tick in
//! which they were sent. What vanishes: the rounding of the server's capacity, of the queue's limit and of the number of
//! super nodes to whole ones, and all that is chance.
//!
//! The laws are the functions that the population's phases draw from (`engine::laws`), taken as they are. A run takes as
//! long for 10⁹ clients as for 10⁴. The seed is without effect, unless the chance of N clients is asked for.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `solver` | the workspace; a run, tick by tick; the order of the phases |
//! | `chance` | what is drawn, if the chance of N clients is asked for |
//! | `warm_up` | how a run began, kept for the next one |
//! | `phases` | the phases |
//! | `set_up` | the network at tick 0 |
//! | `complete` | what of the model the engine has: all else is refused by name |
//! | `settings` | values that follow from the parameters |
//! | `state` | where all masses are, which is the sum of the following |
//! | `classes` | classes of clients |
//! | `boots` | machines that boot |
//! | `bank`, `delays` | clients that wait for their next attempt, by failures; random delays in ticks |
//! | `queue` | the login server's queue |
//! | `renewals` | online clients that renew their login, by when they began |
//! | `occupancy` | super nodes by their number of children |
//! | `attach`, `poisson` | how often super nodes are probed in a tick |
//! | `wide` | loops on wide vectors, where the processor has them |
//!
//! # Which part is exact, and which is a closure
//!
//! | part | carried as | exact in the limit |
//! | --- | --- | --- |
//! | clients | region × eligible or not × update still to come or not | yes: the hazards depend on nothing else |
//! | those who wait | by failures in a row and due tick | yes |
//! | requests | by tick, and failures before | yes |
//! | those who renew | by the tick in which they began, failures, and where their request is | yes, with up to 256 ticks of grace |
//! | super nodes | by number of children; owners by region and update | yes, as a marginal |
//! | a child's class and state, given how many children its super node has | as if independent of that number | no |
//! | the region of an owner, given how many children it has | likewise | no |
//!
//! For the last two, super nodes are told apart by what matters most: whether the update of their owner is still to come
//! (until it comes they have been there for longer than those that were promoted meanwhile, and have more children), and
//! whether they are dedicated, of which the children are told apart as well. Refining this further moved the critical
//! share of synchronized restarts by 3·10⁻⁶.

mod attach;
mod bank;
mod boots;
mod chance;
#[cfg(test)]
mod checks;
mod classes;
mod complete;
mod delays;
mod occupancy;
mod phases;
mod poisson;
mod queue;
mod renewals;
mod set_up;
mod settings;
mod solver;
mod state;
mod warm_up;
mod wide;

pub use complete::{check, has, memory_estimate_bytes};
pub use solver::Solver;
