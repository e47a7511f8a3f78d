//! The phases of a tick. In which order they come, and why: `run`.
//!
//! | file | phases of model.md |
//! | --- | --- |
//! | `interventions` | before the first |
//! | `restarts`, `shocks` | 1, restarts by the update; shocks |
//! | `sessions` | 2, sessions that end and begin |
//! | `timers` | 3, boots that finish, retries |
//! | `deaths` | 4, deaths and stale addresses |
//! | `attach` | 5, attach attempts, overload protection |
//! | `login` | 6 to 8, requests, service, time-outs |
//! | `renewals` | 3 to 9, where renewals differ from log-ins |
//! | `promotions` | 9, self-healing |

mod attach;
mod deaths;
mod interventions;
mod login;
mod promotions;
mod renewals;
mod restarts;
mod sessions;
mod shocks;
mod timers;
