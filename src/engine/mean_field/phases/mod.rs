//! The phases of a tick, in the order of the model: each is what the function of the same name is to the population
//! (`docs/kernel.md`), for masses in place of clients.
//!
//! | file | phases |
//! | --- | --- |
//! | `departures` | before 1: interventions; 1: restarts and shocks; 2: sessions |
//! | `timers` | 3: boots that finish |
//! | `deaths` | 4: super nodes that died, stale addresses |
//! | `attach` | 5: attach attempts, overload protection |
//! | `login` | 6 to 8: the login server |
//! | `renewals` | 3 and 6 to 8: those who renew their login |
//! | `promotions` | 9: self-healing |

mod attach;
mod deaths;
mod departures;
mod login;
mod promotions;
mod renewals;
mod timers;
