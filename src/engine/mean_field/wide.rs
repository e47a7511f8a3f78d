//! Loops on wide vectors.
//!
//! A program for all processors of a kind works on vectors of two numbers; nearly all of them have vectors of four. What is
//! computed is the same to the last digit: each number of a vector is what it would be alone, since a product and a sum
//! are not made one operation with one rounding unless that is asked for. See benches/README.md for what this is worth.

// The only unsafe code of the engine: a function is called that not all processors can execute.
#![allow(unsafe_code)]

/// Work whose loops gain from wide vectors.
pub(super) trait Wide {
    /// What it returns.
    type Output;

    /// Does the work. Always to be inlined, as only then it is compiled for wide vectors, too.
    fn run(self) -> Self::Output;
}

/// Does some work, on wide vectors if the processor has them.
#[inline(always)]
pub(super) fn wide<W: Wide>(work: W) -> W::Output {
    #[cfg(test)]
    if plain::is_asked_for() {
        return work.run();
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has all that the function needs.
        return unsafe { with_avx2(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Wide>(work: W) -> W::Output {
    work.run()
}

/// The same without wide vectors and without unrolled loops, for tests.
#[cfg(test)]
pub(super) mod plain {
    use std::cell::Cell;

    thread_local! {
        static IS_ASKED_FOR: Cell<bool> = const { Cell::new(false) };
    }

    /// Whether this thread wants no wide vectors and no unrolled loops.
    pub(in crate::engine::mean_field) fn is_asked_for() -> bool {
        IS_ASKED_FOR.get()
    }

    /// Does some work in this way.
    pub(in crate::engine::mean_field) fn plainly<R>(work: impl FnOnce() -> R) -> R {
        IS_ASKED_FOR.set(true);
        let result = work();
        IS_ASKED_FOR.set(false);
        result
    }
}
