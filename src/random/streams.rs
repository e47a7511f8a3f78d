//! Seeds, and a stream of random numbers for each purpose of a seed.
//!
//! A stream is a xoshiro256++ generator whose state is expanded from a 64-bit hash of (seed, purpose), so a draw
//! that is added for one purpose never shifts the numbers of another one, and a run depends on its seed alone.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// The generator of every stream: xoshiro256++ (Blackman and Vigna 2021).
pub type Stream = Xoshiro256PlusPlus;

/// What the numbers of a stream are drawn for.
///
/// The stream depends on the words that stand for the purpose: they are part of what a seed means, and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// How many clients there are of each class.
    Attributes,
    /// Who is where at tick 0.
    SetUp,
    /// Sessions that begin and end.
    Presence,
    /// Whom the update restarts.
    Updates,
    /// Whom the update spares, in regions where it is less likely than in others.
    UpdateRegions,
    /// Whom a shock strikes.
    Shocks,
    /// How long a boot takes, and whether the client starts after it.
    Boots,
    /// When clients notice that their super node has died.
    Orphans,
    /// Which attach attempts are admitted.
    Admission,
    /// Which super nodes are probed, and which of them shut down for it.
    Attach,
    /// How many attach attempts succeed.
    AttachOutcome,
    /// In which order clients attempt to attach.
    AttachOrder,
    /// When failed attach attempts are repeated.
    AttachBackoff,
    /// Which login requests enter the queue, and which are served.
    Login,
    /// Which clients begin to renew their login.
    Renewals,
    /// When login requests are repeated.
    LoginBackoff,
    /// Which clients become super nodes.
    Promotion,
    /// What happens to clients of the engine that counts none.
    MeanField,
    /// The value of the uncertain parameter of this name.
    Uncertain(&'a str),
    /// The cells of a design.
    Design,
    /// Whether a run is made where not all of them are, and where a search is audited.
    Selection,
    /// The inputs of runs that look for a rare event.
    Rare,
    /// Trial draws when a sweep is read.
    Acceptance,
    /// A test, with a word of its own.
    Test(&'a str),
}

impl<'a> Purpose<'a> {
    /// The words that stand for the purpose, one after the other.
    fn words(self) -> [&'a str; 2] {
        let word = match self {
            Purpose::Attributes => "attributes",
            Purpose::SetUp => "set-up",
            Purpose::Presence => "presence",
            Purpose::Updates => "updates",
            Purpose::UpdateRegions => "update regions",
            Purpose::Shocks => "shocks",
            Purpose::Boots => "boots",
            Purpose::Orphans => "orphans",
            Purpose::Admission => "admission",
            Purpose::Attach => "attach",
            Purpose::AttachOutcome => "attach outcome",
            Purpose::AttachOrder => "attach order",
            Purpose::AttachBackoff => "attach backoff",
            Purpose::Login => "login",
            Purpose::Renewals => "renewals",
            Purpose::LoginBackoff => "login backoff",
            Purpose::Promotion => "promotion",
            Purpose::MeanField => "mean field",
            Purpose::Uncertain(parameter) => return ["uncertain ", parameter],
            Purpose::Design => "design",
            Purpose::Selection => "selection",
            Purpose::Rare => "rare",
            Purpose::Acceptance => "acceptance",
            Purpose::Test(word) => word,
        };
        [word, ""]
    }
}

/// The stream for one purpose of one seed.
pub fn stream(seed: u64, purpose: Purpose<'_>) -> Stream {
    // FNV-1a, 64 bits (Fowler, Noll, Vo): the purposes are a handful of short, distinct words.
    let hash =
        purpose.words().iter().flat_map(|word| word.bytes()).fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
    Stream::seed_from_u64(derive_seed(seed, &[hash]))
}

/// 2^64 divided by the golden ratio, the increment of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014; variant 13 of Stafford): a bijection of 64-bit words in
/// which every input bit flips each output bit with probability close to one half.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed derived from another one and a list of numbers, such as (cell, replicate). Lists that differ lead to seeds
/// that are as good as independent.
pub fn derive_seed(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(mix(seed.wrapping_add(GOLDEN)), |hash, &part| {
        mix(hash.rotate_left(23) ^ mix(part.wrapping_add(GOLDEN)).wrapping_add(GOLDEN))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng;

    #[test]
    fn the_same_seed_and_purpose_give_these_numbers_for_ever() {
        let mut attach = stream(2007, Purpose::Attach);
        assert_eq!([attach.next_u64(), attach.next_u64()], [7_262_118_920_620_755_569, 10_487_361_551_685_468_155]);
        assert_eq!(derive_seed(2007, &[3, 14]), 2_424_046_578_338_494_630);
    }

    #[test]
    fn neighbouring_seeds_and_lists_differ() {
        let mut seeds: Vec<u64> = (0..100).flat_map(|a| (0..100).map(move |b| derive_seed(7, &[a, b]))).collect();
        seeds.extend((0..1000).map(|a| derive_seed(a, &[])));
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 11_000);
        assert_ne!(derive_seed(1, &[2, 3]), derive_seed(1, &[3, 2]));
    }

    #[test]
    fn every_purpose_has_a_stream_of_its_own() {
        use Purpose::*;
        let of_a_run = [Attributes, SetUp, Presence, Updates, UpdateRegions, Shocks, Boots, Orphans, Attach];
        let more = [
            AttachOutcome,
            AttachOrder,
            AttachBackoff,
            Login,
            Renewals,
            LoginBackoff,
            Promotion,
            Design,
            Selection,
            Rare,
            Acceptance,
        ];
        let uncertain = crate::parameters::Parameter::all().map(|parameter| Uncertain(parameter.name));
        let purposes: Vec<Purpose<'_>> = of_a_run.into_iter().chain(more).chain(uncertain).collect();
        let mut first: Vec<u64> = purposes.iter().map(|&purpose| stream(5, purpose).next_u64()).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), purposes.len());
    }
}
