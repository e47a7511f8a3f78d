//! The phases of a tick, a file for each or for some that belong together. The order in which they come: `run`.

mod attach;
mod deaths;
mod interventions;
mod login;
mod promotions;
mod restarts;
mod sessions;
mod timers;
