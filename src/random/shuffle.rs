//! Random orders.

use super::{Stream, below};
use crate::prefetch::{BLOCK, prefetch};

/// Brings a list into random order, each equally likely.
pub(crate) fn shuffle<T>(list: &mut [T], stream: &mut Stream) {
    shuffle_first(list, list.len(), stream);
}

/// Brings `count` elements of a list, chosen at random, to its front in random order (Fisher and Yates). The list may
/// be long: what is far behind is asked for ahead.
pub(crate) fn shuffle_first<T>(list: &mut [T], count: usize, stream: &mut Stream) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    let count = count.min(list.len());
    let mut drawn = [0; BLOCK];
    for start in (0..count).step_by(BLOCK) {
        let block = &mut drawn[..BLOCK.min(count - start)];
        for (place, drawn) in (start..).zip(block.iter_mut()) {
            *drawn = place + below(&mut own, (list.len() - place) as u32) as usize;
            prefetch(list, *drawn);
        }
        (start..).zip(block.iter()).for_each(|(place, &drawn)| list.swap(place, drawn));
    }
    *stream = own;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn every_order_of_a_shuffled_list_is_as_likely() {
        let mut stream = stream(1, Purpose::Test("shuffle"));
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..240_000 {
            let mut list = [0, 1, 2, 3];
            shuffle(&mut list, &mut stream);
            *counts.entry(list).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 10,000 each, give or take 98: 6.5 standard errors, a false alarm below 24 · 1e-10.
        assert!(counts.values().all(|&count: &i32| (count - 10_000).abs() < 637), "{counts:?}");
    }

    #[test]
    fn every_element_comes_to_each_of_the_first_places_as_often() {
        let mut stream = stream(1, Purpose::Test("first"));
        let (length, rounds) = (70, 50_000);
        // Less than a block, several, and everything.
        for count in [5, 32, 33, 64, 67, 70, 80] {
            let mut counts = vec![[0u32; 70]; length];
            for _ in 0..rounds {
                let mut list: Vec<usize> = (0..length).collect();
                shuffle_first(&mut list, count, &mut stream);
                list.iter().take(count).enumerate().for_each(|(place, &element)| counts[element][place] += 1);
            }
            let expected = f64::from(rounds) / length as f64;
            // 7.5 standard errors: a false alarm below 35,000 · 7e-14, but for the skewness, for which the constant stands.
            let is_far = |&count: &u32| (f64::from(count) - expected).abs() > 7.5 * expected.sqrt() + 10.0;
            assert!(!counts.iter().flat_map(|counts| &counts[..count.min(length)]).any(is_far), "{count}");
            assert!(counts.iter().flat_map(|counts| &counts[count.min(length)..]).all(|&count| count == 0));
        }
    }
}
