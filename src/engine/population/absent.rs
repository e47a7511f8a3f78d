//! The absent clients, who are no more than numbers, and which of their sessions begin.
//!
//! Sessions are memoryless, so nobody has a timer: how many of the absent clients of a region come in a tick is binomial.
//! Those that are present leave by strikes.

use super::clients::Class;
use crate::engine::laws::presence::PresenceLaw;
use crate::parameters::Region;
use crate::random::{Stream, below, binomial, binomial_of_hazard};

/// The absent clients of one region.
#[derive(Debug)]
struct AbsentOfRegion {
    /// How many there are of each class of the region.
    classes: [u32; Class::OF_A_REGION],
    /// Hours from UTC to local time.
    utc_offset_h: f64,
    /// The sine of the daily wave at the end of the last tick.
    sine: f64,
}

/// The absent clients, and the law by which their sessions begin.
#[derive(Debug, Default)]
pub(super) struct Absent {
    regions: Vec<AbsentOfRegion>,
    law: PresenceLaw,
    tick_h: f64,
    /// The end of the last tick, hours of the simulation.
    until_h: f64,
}

impl Absent {
    /// Nobody is absent yet.
    pub(super) fn reset(&mut self, law: PresenceLaw, regions: &[Region], tick_s: f64) {
        self.law = law;
        self.tick_h = tick_s / 3600.0;
        self.until_h = 0.0;
        self.regions.clear();
        for region in regions {
            let (classes, utc_offset_h) = ([0; Class::OF_A_REGION], region.utc_offset_h);
            self.regions.push(AbsentOfRegion { classes, utc_offset_h, sine: law.sine(utc_offset_h) });
        }
    }

    /// Sessions begin by this law from now on.
    pub(super) fn set_law(&mut self, law: PresenceLaw) {
        self.law = law;
        for region in &mut self.regions {
            region.sine = law.sine(self.until_h + region.utc_offset_h);
        }
    }

    /// Clients that are absent from now on.
    #[inline]
    pub(super) fn add(&mut self, class: Class, clients: u32) {
        self.regions[class.region()].classes[class.within_region()] += clients;
    }

    /// Draws which sessions begin in tick `now` ≥ 1, and shows the class of each to `begin`, in order of the regions.
    pub(super) fn begin(&mut self, now: u32, stream: &mut Stream, mut begin: impl FnMut(Class)) {
        self.until_h = f64::from(now) * self.tick_h;
        // A copy of the generator stays in registers.
        let mut own = stream.clone();
        for index in 0..self.regions.len() {
            let sine_to = self.law.sine(self.until_h + self.regions[index].utc_offset_h);
            let hazard = self.law.begin_hazard(self.tick_h, self.regions[index].sine, sine_to);
            let region = &mut self.regions[index];
            region.sine = sine_to;
            let first = Class::new(index, false, false).0;
            let mut absent: u32 = region.classes.iter().sum();
            for _ in 0..binomial_of_hazard(&mut own, absent, hazard) {
                let class = region.draw(below(&mut own, absent));
                absent -= 1;
                begin(Class(first + class));
            }
        }
        *stream = own;
    }

    /// The absent clients: how many of each class.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (Class, u32)> {
        let classes = self.regions.iter().flat_map(|region| region.classes);
        classes.enumerate().map(|(class, clients)| (Class(class as u8), clients))
    }

    /// The update restarts the machines of absent clients of region number `region` whose restart is still to come, each
    /// with the given probability. Returns how many.
    pub(super) fn update(&mut self, region: usize, probability: f64, stream: &mut Stream) -> u32 {
        let mut updated = 0;
        for eligible in [false, true] {
            let of = |pending| Class::new(region, eligible, pending).within_region();
            let classes = &mut self.regions[region].classes;
            let restarting = binomial(stream, classes[of(true)], probability);
            classes[of(true)] -= restarting;
            classes[of(false)] += restarting;
            updated += restarting;
        }
        updated
    }
}

impl AbsentOfRegion {
    /// Takes out the client of this rank. Returns its class within the region.
    #[inline]
    fn draw(&mut self, rank: u32) -> u8 {
        let [a, b, c, _] = self.classes;
        let class = u8::from(rank >= a) + u8::from(rank >= a + b) + u8::from(rank >= a + b + c);
        self.classes[usize::from(class)] -= 1;
        class
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Presence, Scenario};
    use crate::random::{Purpose, stream};
    use std::f64::consts::TAU;

    fn all(change: impl Fn(&mut Presence)) -> Absent {
        let mut presence = Scenario::default().presence;
        change(&mut presence);
        let mut absent = Absent::default();
        let regions = [("one", 0.0), ("two", 6.0)];
        let regions = regions.map(|(name, utc_offset_h)| Region { name: name.into(), utc_offset_h, share: 0.5 });
        absent.reset(PresenceLaw::new(&presence), &regions, 5.0);
        absent
    }

    #[test]
    fn each_absent_client_begins_a_session_with_the_hazard_of_its_region() {
        let mut stream = stream(4, Purpose::Presence);
        let mut begun = [0u32; 8];
        let runs = 200;
        for _ in 0..runs {
            let mut absent = all(|presence| presence.absence_h = 8.0);
            (0..8).for_each(|class| absent.add(Class(class), 1000));
            // The first hour.
            for now in 1..=720 {
                absent.begin(now, &mut stream, |class| begun[usize::from(class.0)] += 1);
            }
            let left: u32 = absent.regions.iter().flat_map(|region| region.classes).sum();
            assert!(left < 8000);
        }
        for (class, &begun) in begun.iter().enumerate() {
            let offset_h = if class < 4 { 0.0 } else { 6.0 };
            let angle = |h: f64| TAU * (h + offset_h - 15.0) / 24.0;
            let hazard = (1.0 + 0.9 * (libm::sin(angle(1.0)) - libm::sin(angle(0.0))) * 24.0 / TAU) / 8.0;
            let clients = f64::from(1000 * runs);
            let expected = clients * -libm::expm1(-hazard);
            // 7 standard errors: a false alarm below 8 · 3e-12.
            assert!((f64::from(begun) - expected).abs() < 7.0 * expected.sqrt(), "{class}: {begun} {expected}");
        }
    }

    #[test]
    fn another_law_holds_from_the_next_tick_on() {
        let mut stream = stream(4, Purpose::Presence);
        let mut presence = Scenario::default().presence;
        (presence.absence_h, presence.peak_local_h) = (0.01, 15.0);
        let mut absent = all(|of| *of = presence.clone());
        absent.add(Class(0), 1_000_000);
        absent.begin(1, &mut stream, |_| ());
        absent.regions[0].classes = [1_000_000, 0, 0, 0];
        // The peak is now: with the sine of the law before, hours would seem to have passed since the last tick.
        presence.peak_local_h = 0.0;
        absent.set_law(PresenceLaw::new(&presence));
        let mut begun = 0;
        absent.begin(2, &mut stream, |_| begun += 1);
        let expected = 1e6 * -libm::expm1(-1.9 * 5.0 / 3600.0 / 0.01);
        // 7 standard errors, and what the cosine falls short of 1 in ten seconds: a false alarm below 3e-12.
        assert!((f64::from(begun) - expected).abs() < 7.0 * expected.sqrt() + 1.0, "{begun} {expected}");
    }

    #[test]
    fn the_update_reaches_absent_clients_that_wait_for_it() {
        let mut absent = all(|_| ());
        (0..8).for_each(|class| absent.add(Class(class), 10));
        assert_eq!(absent.update(1, 1.0, &mut stream(4, Purpose::Updates)), 20);
        assert_eq!(absent.regions[0].classes, [10; 4]);
        assert_eq!(absent.regions[1].classes, [20, 0, 20, 0]);
    }
}
