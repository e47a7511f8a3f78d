//! The elementary functions, the same on every machine.
//!
//! The `f64` methods, which `rand_distr` calls, end in `exp`, `log`, `pow` … of the system's C library, and their last
//! digit differs from one library to the next: enough to turn a draw around, and with it a run. The functions below
//! carry the names of the C library's, so a program that is linked with this crate uses them in its place, everywhere.
//! They are those of the `libm` crate, which is plain arithmetic.
//!
//! What the compiler computes itself, such as the logarithm of a constant, does not pass through here.

// Taking over a name of the C library needs `no_mangle`, which counts as unsafe: a function of another signature under
// this name would be called all the same. The signatures below are those of the C standard (`sincos`: of glibc).
#![allow(unsafe_code)]

macro_rules! elementary {
    ($($name:ident($($x:ident),+);)+) => {
        $(
            #[doc = concat!("`", stringify!($name), "` of the C library, from the `libm` crate.")]
            #[unsafe(no_mangle)]
            pub extern "C" fn $name($($x: f64),+) -> f64 {
                libm::$name($($x),+)
            }
        )+
    };
}

elementary! {
    exp(x);
    exp2(x);
    expm1(x);
    log(x);
    log2(x);
    log10(x);
    log1p(x);
    pow(x, y);
    sin(x);
    cos(x);
    tan(x);
}

/// `sincos` of glibc, which the compiler calls where both are needed; from the `libm` crate.
///
/// # Safety
/// Both pointers must be valid for writing an `f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sincos(x: f64, sine: *mut f64, cosine: *mut f64) {
    // SAFETY: the caller, the compiler's own lowering of `sin` and `cos`, passes two valid pointers.
    unsafe {
        sine.write(libm::sin(x));
        cosine.write(libm::cos(x));
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    #[test]
    fn the_methods_of_f64_give_the_bits_of_the_libm_crate() {
        for i in 0..200_000_u32 {
            let x = black_box(f64::from(i) * 0.003_7 - 300.0);
            let p = black_box(f64::from(i + 1) * 0.011_3);
            assert_eq!(x.exp().to_bits(), libm::exp(x).to_bits(), "exp {x}");
            assert_eq!(x.exp2().to_bits(), libm::exp2(x).to_bits(), "exp2 {x}");
            assert_eq!(x.exp_m1().to_bits(), libm::expm1(x).to_bits(), "expm1 {x}");
            assert_eq!(p.ln().to_bits(), libm::log(p).to_bits(), "log {p}");
            assert_eq!(p.log2().to_bits(), libm::log2(p).to_bits(), "log2 {p}");
            assert_eq!(p.log10().to_bits(), libm::log10(p).to_bits(), "log10 {p}");
            assert_eq!(p.ln_1p().to_bits(), libm::log1p(p).to_bits(), "log1p {p}");
            assert_eq!(p.powf(x / 50.0).to_bits(), libm::pow(p, x / 50.0).to_bits(), "pow {p}");
            assert_eq!(x.tan().to_bits(), libm::tan(x).to_bits(), "tan {x}");
            assert_eq!(x.sin().to_bits(), libm::sin(x).to_bits(), "sin {x}");
            assert_eq!(x.cos().to_bits(), libm::cos(x).to_bits(), "cos {x}");
            let (sine, cosine) = black_box(x).sin_cos();
            assert_eq!((sine, cosine), (libm::sin(x), libm::cos(x)), "sin_cos {x}");
        }
    }
}
