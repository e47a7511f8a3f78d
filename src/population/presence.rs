//! Who wants to be on the network: sessions that begin and end, independently of what the network does.
//!
//! Both are memoryless, so nobody has a timer: in each tick their number is binomial, and who it is is a uniform
//! choice among the present, or the absent, clients of the region.

use std::f64::consts::TAU;
use std::ops::Range;

use super::clients::{ClientId, Clients};
use super::random::{Stream, below, happen, unit};
use crate::parameters::{Presence, Region};

/// The clients of one region, which have consecutive indices.
struct RegionClients {
    clients: Range<u32>,
    absent: u32,
    /// Hours from UTC to local time.
    utc_offset_h: f64,
}

/// The hazard with which an absent client becomes present, and the regions.
#[derive(Default)]
pub(super) struct Sessions {
    regions: Vec<RegionClients>,
    amplitude: f64,
    peak_local_h: f64,
    absence_h: f64,
    session_h: f64,
    tick_h: f64,
    /// Of a session, to end in one tick.
    end_hazard: f64,
}

impl Sessions {
    /// Takes the law of presence, and the clients of each region.
    pub(super) fn reset(
        &mut self,
        presence: &Presence,
        regions: &[Region],
        clients: impl Iterator<Item = Range<u32>>,
        tick_s: f64,
    ) {
        self.amplitude = presence.daily_amplitude;
        self.peak_local_h = presence.peak_local_h;
        self.absence_h = presence.absence_h;
        self.session_h = presence.session_h;
        self.tick_h = tick_s / 3600.0;
        self.end_hazard = self.tick_h / self.session_h;
        self.regions.clear();
        self.regions.extend(regions.iter().zip(clients).map(|(region, clients)| RegionClients {
            clients,
            absent: 0,
            utc_offset_h: region.utc_offset_h,
        }));
    }

    /// A client that became absent outside of this module.
    pub(super) fn left(&mut self, client: ClientId) {
        let region = self.regions.partition_point(|region| region.clients.end <= client.0);
        self.regions[region].absent += 1;
    }

    /// The integral of the hazard λ of model.md over the hours `from_h` … `to_h` of local time.
    fn hazard(&self, from_h: f64, to_h: f64) -> f64 {
        let phase = |h: f64| TAU * (h - self.peak_local_h) / 24.0;
        let wave = (libm::sin(phase(to_h)) - libm::sin(phase(from_h))) * 24.0 / TAU;
        ((to_h - from_h) + self.amplitude * wave).max(0.0) / self.absence_h
    }

    /// The probability to be present in the periodic steady state of `dP/dt = λ(t)(1−P) − P/session` at a local hour.
    ///
    /// Over a short step with the mean λ of that step, P moves towards λ/(λ+1/session) exponentially; 24 h of steps
    /// make an affine map, whose fixed point is the answer. The step, 30 s, leaves an error below 1e-6.
    pub(super) fn steady_state(&self, local_h: f64) -> f64 {
        const STEPS: u32 = 2880;
        let step_h = 24.0 / f64::from(STEPS);
        let (mut slope_log, mut offset) = (0.0, 0.0);
        for step in 0..STEPS {
            let from_h = local_h + f64::from(step) * step_h;
            let births = self.hazard(from_h, from_h + step_h);
            let total = births + step_h / self.session_h;
            let decay = libm::expm1(-total);
            offset += (births / total - offset) * -decay;
            slope_log -= total;
        }
        (offset / -libm::expm1(slope_log)).clamp(0.0, 1.0)
    }

    /// Decides who is present at tick 0, and sets their bits. Their states remain to be set.
    pub(super) fn set_up(&mut self, clients: &mut Clients, stream: &mut Stream) {
        for index in 0..self.regions.len() {
            let probability = self.steady_state(self.regions[index].utc_offset_h);
            let region = &mut self.regions[index];
            region.absent = region.len();
            for client in region.clients.clone().map(ClientId) {
                if unit(stream) < probability {
                    clients.present_mut().insert(client);
                    region.absent -= 1;
                }
            }
        }
    }

    /// Draws which sessions end and which begin at the start of tick `now` ≥ 1, and updates the bits. The states of
    /// these clients remain to be set. A client that leaves stays away for a tick at least.
    pub(super) fn draw(
        &mut self,
        now: u32,
        clients: &mut Clients,
        stream: &mut Stream,
        ending: &mut Vec<ClientId>,
        beginning: &mut Vec<ClientId>,
    ) {
        let to_h = f64::from(now) * self.tick_h;
        let first = beginning.len();
        for index in 0..self.regions.len() {
            let local_h = to_h + self.regions[index].utc_offset_h;
            let begin_hazard = self.hazard(local_h - self.tick_h, local_h);
            let region = &mut self.regions[index];
            let (absent, present) = (region.absent, region.len() - region.absent);
            let begins = happen(stream, absent, begin_hazard);
            let ends = happen(stream, present, self.end_hazard);
            let own = beginning.len();
            region.choose::<false>(clients, stream, begins, absent, beginning);
            // Whoever begins in this tick must not be chosen to end in it.
            for &client in &beginning[own..] {
                clients.present_mut().remove(client);
            }
            region.choose::<true>(clients, stream, ends, present, ending);
            region.absent = absent + ends - begins;
        }
        for &client in &beginning[first..] {
            clients.present_mut().insert(client);
        }
    }
}

impl RegionClients {
    fn len(&self) -> u32 {
        self.clients.len() as u32
    }

    /// Chooses `count` of the `candidates` clients whose bit equals `PRESENT`, uniformly and without repetition:
    /// inverts their bits, asks for their records, and appends them to `chosen`.
    fn choose<const PRESENT: bool>(
        &self,
        clients: &mut Clients,
        stream: &mut Stream,
        count: u32,
        candidates: u32,
        chosen: &mut Vec<ClientId>,
    ) {
        let size = self.len();
        let tries = f64::from(count) * f64::from(size) / f64::from(candidates - count + 1);
        if tries > f64::from(size) + f64::from(4 * count) {
            self.choose_from_list::<PRESENT>(clients, stream, count, chosen);
            return;
        }
        let (first, count) = (chosen.len(), count as usize);
        // One more than are chosen, so that even the last try has a place.
        chosen.resize(first + count + 1, ClientId::default());
        let list = &mut chosen[first..];
        let present = clients.present_mut();
        let mut own = stream.clone();
        let mut length = 0;
        while length < count {
            let client = ClientId(self.clients.start + below(&mut own, size));
            list[length] = client;
            length += present.flip_if::<PRESENT>(client);
        }
        *stream = own;
        chosen.truncate(first + count);
        chosen[first..].iter().for_each(|&client| clients.prefetch(client));
    }

    /// The same where so few clients are left to choose from that trying at random would take longer.
    fn choose_from_list<const PRESENT: bool>(
        &self,
        clients: &mut Clients,
        stream: &mut Stream,
        count: u32,
        chosen: &mut Vec<ClientId>,
    ) {
        let first = chosen.len();
        chosen
            .extend(self.clients.clone().map(ClientId).filter(|&client| clients.present().contains(client) == PRESENT));
        for place in 0..count as usize {
            let other = place + below(stream, (chosen.len() - first - place) as u32) as usize;
            chosen.swap(first + place, first + other);
        }
        chosen.truncate(first + count as usize);
        for &client in &chosen[first..] {
            clients.present_mut().flip_if::<PRESENT>(client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;
    use crate::population::random::stream;

    fn sessions(clients: u32, change: impl Fn(&mut Presence)) -> (Sessions, Clients) {
        let mut scenario = Scenario::default();
        change(&mut scenario.presence);
        let mut sessions = Sessions::default();
        let region = [Region { name: "one".into(), utc_offset_h: 0.0, share: 1.0 }];
        sessions.reset(&scenario.presence, &region, std::iter::once(0..clients), 5.0);
        let mut population = Clients::default();
        population.reset(clients);
        (sessions, population)
    }

    #[test]
    fn without_a_daily_cycle_the_steady_state_is_session_over_session_plus_absence() {
        for (session_h, absence_h) in [(6.0, 8.0), (0.001, 0.002), (500.0, 1.0)] {
            let (sessions, _) = sessions(3, |presence| {
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
        let (sessions, _) = sessions(3, |_| ());
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
    fn clients_come_and_go_without_being_counted_wrongly() {
        // Hardly anybody absent, hardly anybody present, and in between.
        for (session_h, absence_h) in [(6.0, 8.0), (0.01, 4.0), (4.0, 0.01)] {
            let (mut sessions, mut clients) = sessions(3000, |presence| {
                presence.session_h = session_h;
                presence.absence_h = absence_h;
            });
            let mut stream = stream(4, "presence");
            sessions.set_up(&mut clients, &mut stream);
            let (mut ending, mut beginning) = (Vec::new(), Vec::new());
            let (mut ended, mut begun) = (0, 0);
            for now in 1..2000 {
                let before: Vec<bool> = (0..3000).map(|id| clients.present().contains(ClientId(id))).collect();
                sessions.draw(now, &mut clients, &mut stream, &mut ending, &mut beginning);
                for &client in &ending {
                    assert!(before[client.index()] && !clients.present().contains(client));
                }
                for &client in &beginning {
                    assert!(!before[client.index()] && clients.present().contains(client));
                }
                let absent = (0..3000).filter(|&id| !clients.present().contains(ClientId(id))).count();
                assert_eq!(absent as u32, sessions.regions[0].absent);
                let changed =
                    (0..3000).filter(|&id| clients.present().contains(ClientId(id)) != before[id as usize]).count();
                assert_eq!(changed, ending.len() + beginning.len(), "nobody is chosen twice");
                (ended, begun) = (ended + ending.len(), begun + beginning.len());
                ending.clear();
                beginning.clear();
            }
            assert!(ended > 100 && begun > 100);
        }
    }
}
