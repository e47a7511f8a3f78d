//! Asking for a cache line before it is needed.
//!
//! Whom a tick concerns is drawn at random, so nearly every access of the kernel to a client or a super node would wait
//! for the memory. See benches/README.md for what this is worth.

// The only unsafe code of the kernel: the intrinsic takes a raw pointer, and changes no value.
#![allow(unsafe_code)]

/// Asks the processor to fetch the cache line of `slice[index]`, so that a later access need not wait for it. Without
/// such an instruction, or beyond the end of the slice, nothing happens.
#[inline(always)]
pub(super) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = slice.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the pointer comes from a reference, and a prefetch neither reads nor writes it. SSE, which has the
        // instruction, is part of the target's baseline.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}
