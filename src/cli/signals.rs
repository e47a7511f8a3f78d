//! Requests to end: Ctrl-C, and those that batch systems send.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::{Failure, INTERRUPTED};

/// The requests to end.
pub(super) struct Signals {
    /// Becomes true at the first one.
    pub(super) interrupted: Arc<AtomicBool>,
    /// While it is true, one ends the process at once.
    at_once: Arc<AtomicBool>,
}

impl Signals {
    /// Catches Ctrl-C, requests to end (also those that batch systems send before they kill), and the loss of the
    /// terminal. A second Ctrl-C ends the process at once; of the others, several may come for one and the same reason.
    pub(super) fn catch() -> Result<Signals, Failure> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
        use signal_hook::flag::{register, register_conditional_shutdown};
        let signals = Signals { interrupted: Arc::default(), at_once: Arc::default() };
        let (interrupted, at_once) = (&signals.interrupted, &signals.at_once);
        let failed = |error| Failure::Failed(format!("signals cannot be caught: {error}"));
        // The order matters: the first signal finds the flag down, and raises it.
        register_conditional_shutdown(SIGINT, INTERRUPTED.into(), interrupted.clone()).map_err(failed)?;
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU] {
            register_conditional_shutdown(signal, INTERRUPTED.into(), at_once.clone()).map_err(failed)?;
            register(signal, interrupted.clone()).map_err(failed)?;
        }
        Ok(signals)
    }

    /// From now on a signal ends the process at once. Returns whether one has come before.
    pub(super) fn end_at_the_next(&self) -> bool {
        self.at_once.store(true, Ordering::SeqCst);
        self.interrupted.load(Ordering::SeqCst)
    }
}
