//! The critmass binary.
fn main() {}
