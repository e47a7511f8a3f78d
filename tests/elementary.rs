//! The elementary functions of a program that is linked with the library are the library's, not the system's.

use std::hint::black_box;

use critmass::random::stream;
use rand_distr::{Beta, Distribution};

/// With glibc 2.36 this fails: the last digit of its `exp` differs from that of `libm` at about one point in ten.
#[test]
fn the_methods_of_f64_give_the_bits_of_the_libm_crate_in_another_program() {
    for i in 0..200_000_u32 {
        let x = black_box(f64::from(i) * 0.003_7 - 300.0);
        let p = black_box(f64::from(i + 1) * 0.011_3);
        assert_eq!(x.exp().to_bits(), libm::exp(x).to_bits(), "exp {x}");
        assert_eq!(p.ln().to_bits(), libm::log(p).to_bits(), "log {p}");
        assert_eq!(p.ln_1p().to_bits(), libm::log1p(p).to_bits(), "log1p {p}");
        assert_eq!(x.exp_m1().to_bits(), libm::expm1(x).to_bits(), "expm1 {x}");
        assert_eq!(p.powf(x / 50.0).to_bits(), libm::pow(p, x / 50.0).to_bits(), "pow {p}");
        assert_eq!(x.sin().to_bits(), libm::sin(x).to_bits(), "sin {x}");
        assert_eq!(x.cos().to_bits(), libm::cos(x).to_bits(), "cos {x}");
        assert_eq!(x.tan().to_bits(), libm::tan(x).to_bits(), "tan {x}");
    }
}

#[test]
fn a_law_of_rand_distr_draws_these_numbers_for_ever() {
    let mut stream = stream(2007, "beta");
    let law: Beta<f64> = Beta::new(13.8, 9.2).unwrap();
    let drawn: [f64; 3] = std::array::from_fn(|_| law.sample(&mut stream));
    assert_eq!(drawn, [0.5944539666198795, 0.5417969729215164, 0.5217810017023732]);
}
