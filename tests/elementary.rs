//! The same digits on every machine, in a library as well: the laws draw the same numbers for ever, whatever the elementary
//! functions of the system; and a program that is linked with the library keeps the functions that it had.

use critmass::random::{
    Purpose, Stream, binomial, binomial_of_hazard, poisson, standard_exponential, standard_normal, stream, unit,
};
use rand_distr::Distribution;

fn of(word: &str) -> Stream {
    stream(2007, Purpose::Test(word))
}

fn draws<T, const N: usize>(word: &str, draw: impl Fn(&mut Stream) -> T) -> [T; N] {
    let mut stream = of(word);
    std::array::from_fn(|_| draw(&mut stream))
}

/// The sum of so many draws that every branch of a law is taken.
fn sum(word: &str, draw: impl Fn(&mut Stream) -> f64) -> f64 {
    let mut stream = of(word);
    (0..100_000).map(|_| draw(&mut stream)).sum()
}

#[test]
fn the_laws_of_real_numbers_draw_these_numbers_for_ever() {
    assert_eq!(draws("normal", standard_normal), [0.8980309391148099, -0.6475253733415772, -1.1826111201430667]);
    assert_eq!(sum("normal", standard_normal), 237.36180188135478);
    let exponential = [0.9648760194217234, 0.07448870580519719, 0.1155453285473769];
    assert_eq!(draws("exponential", standard_exponential), exponential);
    assert_eq!(sum("exponential", standard_exponential), 99771.9833233916);
}

#[test]
fn the_laws_of_counts_draw_these_numbers_for_ever() {
    assert_eq!(draws("binomial", |stream| binomial(stream, 1000, 0.003)), [1, 3, 5, 3, 2]);
    assert_eq!(draws("binomial", |stream| binomial(stream, 1000, 0.997)), [999, 997, 995, 997, 998]);
    let at_0_3 = [299_583, 300_147, 300_293, 299_682, 299_858];
    assert_eq!(draws("binomial", |stream| binomial(stream, 1_000_000, 0.3)), at_0_3);
    assert_eq!(draws("binomial", |stream| binomial(stream, 1_000_000, 0.7)), at_0_3.map(|n| 1_000_000 - n));
    assert_eq!(draws("binomial", |stream| binomial_of_hazard(stream, 1000, 0.02)), [18, 27, 22, 24, 20]);
    assert_eq!(draws("poisson", |stream| poisson(stream, 3.5)), [3, 3, 6, 4, 3]);
    assert_eq!(draws("poisson", |stream| poisson(stream, 20.0)), [17, 18, 18, 19, 17]);
    let at_1e9 = [999_982_966, 999_992_564, 999_993_076, 1_000_022_397, 999_971_270];
    assert_eq!(draws("poisson", |stream| poisson(stream, 1e9)), at_1e9);
}

/// `rand_distr` uses the functions of the system, whose last digits differ: real numbers are compared to 12 digits. A last
/// digit turns a decision around, and the numbers after it, about once in 10¹³ draws; there are 10⁷ here.
#[test]
fn the_laws_make_the_same_numbers_of_the_same_words_as_rand_distr() {
    let close = |ours: f64, theirs: f64| (ours - theirs).abs() <= 1e-12 * theirs.abs();
    let (mut ours, mut theirs, mut parameters) = (of("both"), of("both"), of("parameters"));
    for _ in 0..2_000_000 {
        assert!(close(standard_normal(&mut ours), rand_distr::StandardNormal.sample(&mut theirs)));
        assert!(close(standard_exponential(&mut ours), rand_distr::Exp1.sample(&mut theirs)));
    }
    for round in 0..40_000 {
        let n = 1 + libm::exp(16.0 * unit(&mut parameters)) as u32;
        // Every other time, few successes or few failures.
        let share = unit(&mut parameters) * if round % 2 == 0 { 1.0 } else { (30.0 / f64::from(n)).min(1.0) };
        let p = if round % 3 == 0 { share } else { 1.0 - share };
        let mean = f64::from(n) * share;
        let successes = rand_distr::Binomial::new(n.into(), p).unwrap();
        let counts = rand_distr::Poisson::new(mean).unwrap();
        for _ in 0..50 {
            assert_eq!(u64::from(binomial(&mut ours, n, p)), successes.sample(&mut theirs), "{n} {p}");
            assert_eq!(poisson(&mut ours, mean) as f64, counts.sample(&mut theirs), "{mean}");
        }
    }
    assert!(ours == theirs, "both took the same words");
}

/// What the symbol table of this program says about each elementary function: a capital U is one that it takes from
/// another file, and everything else one of its own.
#[test]
#[cfg(all(unix, not(target_env = "musl")))]
#[expect(clippy::disallowed_methods, reason = "the functions of the system are what is looked at")]
fn a_program_keeps_the_elementary_functions_of_its_system() {
    let calls: f64 = std::hint::black_box(0.5_f64).exp() + std::hint::black_box(0.5_f64).ln();
    assert!((calls - 0.955_574).abs() < 1e-6, "it calls two of them: {calls}");
    let program = std::env::current_exe().unwrap();
    let table = match std::process::Command::new("nm").arg(&program).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => return eprintln!("not tested: there is no nm"),
    };
    if !table.lines().any(|line| line.ends_with(" T main") || line.ends_with(" T _main")) {
        return eprintln!("not tested: the program has no symbol table");
    }
    let names = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "sin", "cos", "tan", "sincos"];
    let mut seen = 0;
    for line in table.lines() {
        let mut words = line.split_whitespace().rev();
        let (Some(symbol), Some(kind)) = (words.next(), words.next()) else { continue };
        let name = symbol.split('@').next().unwrap_or_default();
        if names.contains(&name.strip_prefix('_').unwrap_or(name)) {
            assert_eq!(kind, "U", "{line}");
            seen += 1;
        }
    }
    assert!(seen >= 2, "exp and log are called");
}
