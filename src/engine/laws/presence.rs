//! Presence: the hazards with which sessions begin and end, independently of what the network does.

use std::f64::consts::TAU;

use crate::parameters::Presence;

/// The law of presence.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PresenceLaw {
    amplitude: f64,
    peak_local_h: f64,
    absence_h: f64,
    session_h: f64,
}

impl PresenceLaw {
    /// The law with these parameters.
    pub(crate) fn new(presence: &Presence) -> PresenceLaw {
        PresenceLaw {
            amplitude: presence.daily_amplitude,
            peak_local_h: presence.peak_local_h,
            absence_h: presence.absence_h,
            session_h: presence.session_h,
        }
    }

    /// The hazard with which a session ends, integrated over `hours`.
    pub(crate) fn end_hazard(&self, hours: f64) -> f64 {
        hours / self.session_h
    }

    /// The sine of the daily wave at a local hour.
    pub(crate) fn sine(&self, local_h: f64) -> f64 {
        libm::sin(TAU * (local_h - self.peak_local_h) / 24.0)
    }

    /// The hazard λ of model.md with which an absent client begins a session, integrated over `hours`, from the sines of
    /// the daily wave at both ends.
    pub(crate) fn begin_hazard(&self, hours: f64, sine_from: f64, sine_to: f64) -> f64 {
        let wave = (sine_to - sine_from) * 24.0 / TAU;
        (hours + self.amplitude * wave).max(0.0) / self.absence_h
    }

    /// The probability to be present in the periodic steady state of `dP/dt = λ(t)(1−P) − P/session` at a local hour.
    ///
    /// Over a short step with the mean λ of that step, P moves towards λ/(λ+1/session) exponentially; 24 h of steps
    /// make an affine map, whose fixed point is the answer. The step, 30 s, leaves an error below 1e-6.
    pub(crate) fn steady_state(&self, local_h: f64) -> f64 {
        const STEPS: u32 = 2880;
        let step_h = 24.0 / f64::from(STEPS);
        let (mut slope_log, mut offset, mut sine) = (0.0, 0.0, self.sine(local_h));
        for step in 1..=STEPS {
            let sine_to = self.sine(local_h + f64::from(step) * step_h);
            let births = self.begin_hazard(step_h, std::mem::replace(&mut sine, sine_to), sine_to);
            let total = births + step_h / self.session_h;
            let decay = libm::expm1(-total);
            offset += (births / total - offset) * -decay;
            slope_log -= total;
        }
        (offset / -libm::expm1(slope_log)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    fn law(change: impl Fn(&mut Presence)) -> PresenceLaw {
        let mut presence = Scenario::default().presence;
        change(&mut presence);
        PresenceLaw::new(&presence)
    }

    #[test]
    fn without_a_daily_cycle_the_steady_state_is_session_over_session_plus_absence() {
        for (session_h, absence_h) in [(6.0, 8.0), (0.001, 0.002), (500.0, 1.0)] {
            let law = law(|presence| {
                presence.daily_amplitude = 0.0;
                presence.session_h = session_h;
                presence.absence_h = absence_h;
            });
            let expected = session_h / (session_h + absence_h);
            assert!((law.steady_state(7.0) - expected).abs() < 1e-9, "{session_h} {absence_h}");
        }
    }

    #[test]
    fn the_steady_state_solves_its_differential_equation() {
        let law = law(|_| ());
        let (mut p, step_h) = (law.steady_state(0.0), 24.0 / 500_000.0);
        let start = p;
        for step in 0..500_000 {
            let h = (f64::from(step) + 0.5) * step_h;
            let hazard = (1.0 + 0.9 * libm::cos(TAU * (h - 15.0) / 24.0)) / 8.0;
            p += step_h * (hazard * (1.0 - p) - p / 6.0);
            if (step + 1) % 125_000 == 0 {
                assert!((p - law.steady_state(h)).abs() < 1e-4, "{h} {p}");
            }
        }
        assert!((p - start).abs() < 1e-4);
    }
}
