//! Asking for a cache line before it is needed.
//!
//! Which super nodes a tick concerns is drawn at random, so accesses to them would wait for the memory. See
//! benches/README.md for what this is worth.

// The only unsafe code of the kernel: the intrinsic takes a raw pointer, and changes no value.
#![allow(unsafe_code)]

/// For how many clients together, or how many clients ahead, what they touch is asked for, so that the memory answers
/// many at a time.
pub(crate) const BLOCK: usize = 32;

/// Asks the processor to fetch the cache line of `slice[index]`, so that a later access need not wait for it. Without
/// such an instruction nothing happens, and beyond the end of the slice nothing of use.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch neither reads nor writes, and never faults, whatever the address. SSE, which has the
        // instruction, is part of the target's baseline.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(slice.as_ptr().wrapping_add(index).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}
