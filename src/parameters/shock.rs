//! A shock: when, and whom it strikes.

use super::value::Region;

/// What strikes many at a given time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shock {
    /// What it is called, so that a sweep can vary its numbers; a run does not depend on it.
    pub name: Option<String>,
    /// When, in hours of the simulation; rounded to the nearest tick.
    pub at_h: f64,
    /// Probability that a live super node, not a dedicated one, crashes. 0 … 1.
    pub supernode_fraction: f64,
    /// Probability that any other present client that is not booting crashes. 0 … 1.
    pub client_fraction: f64,
    /// Probability that a live dedicated super node fails. 0 … 1.
    pub dedicated_fraction: f64,
    /// Probability that an attached client that does not crash loses its connection. 0 … 1.
    pub disconnect_fraction: f64,
    /// The names of the regions whose clients, and whose clients' super nodes, are struck; all if there are none.
    pub regions: Vec<String>,
}

/// A share of those whom a shock strikes: a key of `[[shock]]`.
pub(crate) struct Fraction {
    pub(crate) key: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) get: fn(&Shock) -> f64,
    pub(crate) set: fn(&mut Shock, f64),
    /// As of [`Parameter::added_later`](super::Parameter::added_later).
    pub(crate) added_later: bool,
}

impl Shock {
    /// The shares, in the order of the documentation.
    pub(crate) const FRACTIONS: [Fraction; 4] = [
        Fraction {
            key: "supernode_fraction",
            meaning: "Probability that a live super node, not a dedicated one, crashes.",
            get: |shock| shock.supernode_fraction,
            set: |shock, share| shock.supernode_fraction = share,
            added_later: false,
        },
        Fraction {
            key: "client_fraction",
            meaning: "Probability that any other present client that is not booting crashes.",
            get: |shock| shock.client_fraction,
            set: |shock, share| shock.client_fraction = share,
            added_later: false,
        },
        Fraction {
            key: "dedicated_fraction",
            meaning: "Probability that a live dedicated super node fails.",
            get: |shock| shock.dedicated_fraction,
            set: |shock, share| shock.dedicated_fraction = share,
            added_later: true,
        },
        Fraction {
            key: "disconnect_fraction",
            meaning: "Probability that an attached client that does not crash loses its connection.",
            get: |shock| shock.disconnect_fraction,
            set: |shock, share| shock.disconnect_fraction = share,
            added_later: true,
        },
    ];

    /// What is wrong with a shock that strikes nobody.
    pub(crate) const WITHOUT_EFFECT: &str = "it strikes nobody; expected a supernode_fraction, client_fraction, \
                                             dedicated_fraction or disconnect_fraction above 0";

    /// Whether it may strike anybody.
    pub(crate) fn strikes(&self) -> bool {
        Shock::FRACTIONS.iter().any(|fraction| (fraction.get)(self) > 0.0)
    }

    /// Whether it strikes the clients of a region.
    pub(crate) fn strikes_in(&self, region: &Region) -> bool {
        self.regions.is_empty() || self.regions.contains(&region.name)
    }
}
