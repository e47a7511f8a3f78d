//! Who wants to be on the network: sessions that begin and end, independently of what the network does.
//!
//! Both are memoryless, so nobody has a timer: in each tick every present client leaves with the same probability, and
//! how many of the absent ones of a region come is binomial. The absent ones are no more than numbers, here.

use std::f64::consts::TAU;

use super::clients::Class;
use crate::parameters::{Presence, Region};
use crate::random::{Stream, below, binomial, binomial_of_hazard};

/// The absent clients of one region.
#[derive(Debug)]
struct Absent {
    /// How many there are of each class of the region.
    classes: [u32; Class::OF_A_REGION],
    /// Hours from UTC to local time.
    utc_offset_h: f64,
    /// The sine of the daily wave at the end of the last tick.
    sine: f64,
}

/// The law of presence, and the absent clients.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    regions: Vec<Absent>,
    amplitude: f64,
    peak_local_h: f64,
    absence_h: f64,
    session_h: f64,
    tick_h: f64,
}

impl Sessions {
    /// Takes the law of presence. Nobody is absent yet.
    pub(super) fn reset(&mut self, presence: &Presence, regions: &[Region], tick_s: f64) {
        self.amplitude = presence.daily_amplitude;
        self.peak_local_h = presence.peak_local_h;
        self.absence_h = presence.absence_h;
        self.session_h = presence.session_h;
        self.tick_h = tick_s / 3600.0;
        self.regions.clear();
        for region in regions {
            let (classes, utc_offset_h) = ([0; Class::OF_A_REGION], region.utc_offset_h);
            self.regions.push(Absent { classes, utc_offset_h, sine: self.sine(utc_offset_h) });
        }
    }

    /// The hazard with which a session ends, times the length of a tick.
    pub(super) fn end_hazard(&self) -> f64 {
        self.tick_h / self.session_h
    }

    /// Clients that are absent from now on.
    #[inline]
    pub(super) fn leave(&mut self, class: Class, clients: u32) {
        self.regions[class.region()].classes[class.within_region()] += clients;
    }

    /// The sine of the daily wave at a local hour.
    fn sine(&self, local_h: f64) -> f64 {
        libm::sin(TAU * (local_h - self.peak_local_h) / 24.0)
    }

    /// The integral of the hazard λ of model.md over `hours`, from the sines of the daily wave at both ends.
    fn hazard(&self, hours: f64, sine_from: f64, sine_to: f64) -> f64 {
        let wave = (sine_to - sine_from) * 24.0 / TAU;
        (hours + self.amplitude * wave).max(0.0) / self.absence_h
    }

    /// The probability to be present in the periodic steady state of `dP/dt = λ(t)(1−P) − P/session` at a local hour.
    ///
    /// Over a short step with the mean λ of that step, P moves towards λ/(λ+1/session) exponentially; 24 h of steps
    /// make an affine map, whose fixed point is the answer. The step, 30 s, leaves an error below 1e-6.
    pub(super) fn steady_state(&self, local_h: f64) -> f64 {
        const STEPS: u32 = 2880;
        let step_h = 24.0 / f64::from(STEPS);
        let (mut slope_log, mut offset, mut sine) = (0.0, 0.0, self.sine(local_h));
        for step in 1..=STEPS {
            let sine_to = self.sine(local_h + f64::from(step) * step_h);
            let births = self.hazard(step_h, std::mem::replace(&mut sine, sine_to), sine_to);
            let total = births + step_h / self.session_h;
            let decay = libm::expm1(-total);
            offset += (births / total - offset) * -decay;
            slope_log -= total;
        }
        (offset / -libm::expm1(slope_log)).clamp(0.0, 1.0)
    }

    /// Draws which sessions begin in tick `now` ≥ 1, and shows the class of each to `begin`, in order of the regions.
    pub(super) fn begin(&mut self, now: u32, stream: &mut Stream, mut begin: impl FnMut(Class)) {
        let now_h = f64::from(now) * self.tick_h;
        // A copy of the generator stays in registers.
        let mut own = stream.clone();
        for index in 0..self.regions.len() {
            let sine_to = self.sine(now_h + self.regions[index].utc_offset_h);
            let hazard = self.hazard(self.tick_h, self.regions[index].sine, sine_to);
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
    pub(super) fn absent(&self) -> impl Iterator<Item = (Class, u32)> {
        let classes = self.regions.iter().flat_map(|region| region.classes);
        classes.enumerate().map(|(class, clients)| (Class(class as u8), clients))
    }

    /// The update restarts the machines of absent clients of region number `region` whose restart is still to come, each
    /// with the given probability. Gives how many.
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

impl Absent {
    /// Takes out the client of this rank. Gives its class within the region.
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
    use crate::parameters::Scenario;
    use crate::random::{Purpose, stream};

    fn sessions(change: impl Fn(&mut Presence)) -> Sessions {
        let mut presence = Scenario::default().presence;
        change(&mut presence);
        let mut sessions = Sessions::default();
        let regions = [("one", 0.0), ("two", 6.0)];
        let regions = regions.map(|(name, utc_offset_h)| Region { name: name.into(), utc_offset_h, share: 0.5 });
        sessions.reset(&presence, &regions, 5.0);
        sessions
    }

    #[test]
    fn without_a_daily_cycle_the_steady_state_is_session_over_session_plus_absence() {
        for (session_h, absence_h) in [(6.0, 8.0), (0.001, 0.002), (500.0, 1.0)] {
            let sessions = sessions(|presence| {
                presence.daily_amplitude = 0.0;
                presence.session_h = session_h;
                presence.absence_h = absence_h;
            });
            let expected = session_h / (session_h + absence_h);
            assert!((sessions.steady_state(7.0) - expected).abs() < 1e-9, "{session_h} {absence_h}");
        }
    }

    #[test]
    fn the_steady_state_solves_its_differential_equation() {
        let sessions = sessions(|_| ());
        let (mut p, step_h) = (sessions.steady_state(0.0), 24.0 / 500_000.0);
        let start = p;
        for step in 0..500_000 {
            let h = (f64::from(step) + 0.5) * step_h;
            let hazard = (1.0 + 0.9 * libm::cos(TAU * (h - 15.0) / 24.0)) / 8.0;
            p += step_h * (hazard * (1.0 - p) - p / 6.0);
            if (step + 1) % 125_000 == 0 {
                assert!((p - sessions.steady_state(h)).abs() < 1e-4, "{h} {p}");
            }
        }
        assert!((p - start).abs() < 1e-4);
    }

    #[test]
    fn each_absent_client_begins_a_session_with_the_hazard_of_its_region() {
        let mut stream = stream(4, Purpose::Presence);
        let mut begun = [0u32; 8];
        let runs = 200;
        for _ in 0..runs {
            let mut sessions = sessions(|presence| presence.absence_h = 8.0);
            (0..8).for_each(|class| sessions.leave(Class(class), 1000));
            // The first hour.
            for now in 1..=720 {
                sessions.begin(now, &mut stream, |class| begun[usize::from(class.0)] += 1);
            }
            let absent: u32 = sessions.regions.iter().flat_map(|region| region.classes).sum();
            assert!(absent < 8000);
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
    fn the_update_reaches_absent_clients_that_wait_for_it() {
        let mut sessions = sessions(|_| ());
        (0..8).for_each(|class| sessions.leave(Class(class), 10));
        assert_eq!(sessions.update(1, 1.0, &mut stream(4, Purpose::Updates)), 20);
        assert_eq!(sessions.regions[0].classes, [10; 4]);
        assert_eq!(sessions.regions[1].classes, [20, 0, 20, 0]);
    }
}
