//! Where outages come from: what would have prevented them, and what would have ended them.
//!
//! A limit is a *cause* of an outage if the same run without it has none: but for the limit, it would not have happened.
//! Clients hang in one of two steps, and where they hang is a symptom: a login server that cannot follow makes clients
//! wait there, whatever it was that sent them back to log in again.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `outages` | outages of a sweep, and the runs that are made for each of them |
//! | `verdict` | what such runs say about one outage |
//! | `table` | a row for each outage |
//! | `words` | the shares of the causes, for people |

mod outages;
mod table;
mod verdict;
mod words;

pub use outages::{Causes, Outages};
