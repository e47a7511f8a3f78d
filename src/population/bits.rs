//! Sets of clients as a bit each: small enough to stay in a core's own cache where the records do not.

use super::clients::ClientId;
use super::random::{Stream, below};

/// A set of clients.
#[derive(Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set, among `clients` clients.
    pub(super) fn reset(&mut self, clients: u32) {
        self.words.clear();
        self.words.resize((clients as usize).div_ceil(64), 0);
    }

    /// Whether a client is in the set.
    #[inline]
    pub(super) fn contains(&self, client: ClientId) -> bool {
        self.words[client.index() / 64] >> (client.0 % 64) & 1 != 0
    }

    /// Puts a client into the set.
    #[inline]
    pub(super) fn insert(&mut self, client: ClientId) {
        self.words[client.index() / 64] |= 1 << (client.0 % 64);
    }

    /// Takes a client out of the set. Gives whether it was there.
    #[inline]
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        let (word, mask) = (&mut self.words[client.index() / 64], 1 << (client.0 % 64));
        let was_there = *word & mask != 0;
        *word &= !mask;
        was_there
    }

    /// Puts a client that is not in the set into it, or with `MEMBER` takes one that is out of it. Gives 1 if it did so,
    /// else 0. Without a branch: for clients drawn at random, one that nobody can predict would cost more than all the
    /// rest.
    #[inline(always)]
    pub(super) fn flip_if<const MEMBER: bool>(&mut self, client: ClientId) -> usize {
        let (word, bit) = (&mut self.words[client.index() / 64], client.0 % 64);
        let flips = (*word >> bit ^ u64::from(!MEMBER)) & 1;
        *word ^= flips << bit;
        flips as usize
    }
}

/// Words in a block of a [`CountedBits`]: 4,096 clients.
const BLOCK_WORDS: usize = 64;

/// A set of clients that knows how many they are, from which one can be drawn however few they are.
#[derive(Default)]
pub(super) struct CountedBits {
    bits: Bits,
    /// Clients of the set in each block.
    blocks: Vec<u32>,
    count: u32,
    clients: u32,
}

impl CountedBits {
    /// The empty set, among `clients` clients.
    pub(super) fn reset(&mut self, clients: u32) {
        self.bits.reset(clients);
        self.blocks.clear();
        self.blocks.resize(self.bits.words.len().div_ceil(BLOCK_WORDS), 0);
        (self.count, self.clients) = (0, clients);
    }

    /// Number of clients in the set.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Puts a client that is not in the set into it.
    #[inline]
    pub(super) fn insert(&mut self, client: ClientId) {
        self.bits.insert(client);
        self.blocks[client.index() / (64 * BLOCK_WORDS)] += 1;
        self.count += 1;
    }

    /// Takes a client that is in the set out of it.
    #[inline]
    pub(super) fn remove(&mut self, client: ClientId) {
        self.bits.remove(client);
        self.blocks[client.index() / (64 * BLOCK_WORDS)] -= 1;
        self.count -= 1;
    }

    /// One of the clients in the set, uniformly. There must be one.
    pub(super) fn draw(&self, stream: &mut Stream) -> ClientId {
        // Trying at random takes fewer steps than looking up the client of a random rank unless the set is sparse. The
        // bound is hardly ever reached.
        let tries = if self.count >= self.clients / 64 { 256 } else { 0 };
        for _ in 0..tries {
            let client = ClientId(below(stream, self.clients));
            if self.bits.contains(client) {
                return client;
            }
        }
        self.of_rank(below(stream, self.count))
    }

    /// The client in the set before which there are `rank` others.
    fn of_rank(&self, rank: u32) -> ClientId {
        let mut left = rank;
        let full = |count: u32, left: &mut u32| {
            let passed = *left >= count;
            *left -= if passed { count } else { 0 };
            passed
        };
        let block = self.blocks.iter().take_while(|&&count| full(count, &mut left)).count();
        let words = self.bits.words[block * BLOCK_WORDS..].iter();
        let word = block * BLOCK_WORDS + words.take_while(|word| full(word.count_ones(), &mut left)).count();
        let mut bits = self.bits.words[word];
        for _ in 0..left {
            bits &= bits - 1;
        }
        ClientId(word as u32 * 64 + bits.trailing_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::random::stream;

    #[test]
    fn every_client_of_a_set_has_its_rank_and_is_drawn_as_often() {
        let members: Vec<u32> = (0..20_000).filter(|id| id % 1000 == 3 || (8190..8200).contains(id)).collect();
        let mut set = CountedBits::default();
        set.reset(20_000);
        for &id in &members {
            set.insert(ClientId(id));
        }
        set.insert(ClientId(5));
        set.remove(ClientId(5));
        assert_eq!(set.count() as usize, members.len());
        for (rank, &id) in members.iter().enumerate() {
            assert_eq!(set.of_rank(rank as u32), ClientId(id));
        }
        let mut stream = stream(1, "draw");
        let draws = 30_000;
        let mut drawn = vec![0u32; 20_000];
        (0..draws).for_each(|_| drawn[set.draw(&mut stream).index()] += 1);
        assert_eq!(members.iter().map(|&id| drawn[id as usize]).sum::<u32>(), draws);
        let expected = f64::from(draws) / members.len() as f64;
        // 1000 each, give or take 31: 7 standard errors, a false alarm below 1e-10.
        assert!(members.iter().all(|&id| (f64::from(drawn[id as usize]) - expected).abs() < 7.0 * expected.sqrt()));
    }
}
