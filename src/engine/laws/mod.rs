//! The laws of the model, as functions of parameters and of what an engine counts: what every engine has in common.
//!
//! Nothing here knows how an engine keeps its clients, and nothing here draws a random number. An engine that follows
//! each client draws from these laws; one that follows expectations takes their values as they are.
//!
//! | file | laws |
//! | --- | --- |
//! | `time` | ticks of a duration; the tick of an hour |
//! | `presence` | sessions that begin and end; the steady state at the start |
//! | `restarts` | restart times by the update; how long a machine boots |
//! | `delays` | back-off after a failure; how soon an orphan notices |
//! | `overlay` | who can serve; attach attempts, limits of a super node, promotion, the operator's super nodes |
//! | `login` | capacity and queue of the login server |

pub(crate) mod delays;
pub(crate) mod login;
pub(crate) mod overlay;
pub(crate) mod presence;
pub(crate) mod restarts;
pub(crate) mod time;
