//! A shock, with what it strikes looked up.

use crate::parameters::{Region, Shock};

/// A shock, as it strikes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blow {
    pub(super) supernode_fraction: f64,
    pub(super) client_fraction: f64,
    pub(super) dedicated_fraction: f64,
    pub(super) disconnect_fraction: f64,
    /// A bit for each region: whether it strikes there.
    regions: u64,
}

impl Blow {
    /// A shock to clients of these regions, 64 at most.
    pub(super) fn new(shock: &Shock, regions: &[Region]) -> Blow {
        let Shock { supernode_fraction, client_fraction, dedicated_fraction, disconnect_fraction, .. } = *shock;
        let regions = regions.iter().rev().fold(0, |bits, region| bits << 1 | u64::from(shock.strikes_in(region)));
        Blow { supernode_fraction, client_fraction, dedicated_fraction, disconnect_fraction, regions }
    }

    /// Whether it strikes clients of a region.
    #[inline]
    pub(super) fn strikes_region(&self, region: usize) -> bool {
        self.regions >> region & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blow_strikes_the_regions_that_the_shock_names_or_all() {
        let regions = ["a", "b", "c"].map(|name| Region { name: name.to_owned(), utc_offset_h: 0.0, share: 1.0 / 3.0 });
        let struck = |names: &[&str]| {
            let shock = Shock { regions: names.iter().map(|&name| name.to_owned()).collect(), ..Shock::default() };
            Blow::new(&shock, &regions).regions
        };
        assert_eq!([struck(&[]), struck(&["b"]), struck(&["c", "a"])], [0b111, 0b010, 0b101]);
    }
}
