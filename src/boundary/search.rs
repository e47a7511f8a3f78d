//! The turns of one draw.

use super::Unanswered;
use super::along::Along;
use super::asked::Asked;
use crate::parameters::Scenario;

/// While it bisects, the search looks at so many times the time after the trigger that the outages of the probes took to
/// show, and an hour more: close to the turn they take longer.
const PATIENCE: f64 = 2.0;

/// A search along a parameter.
pub(super) struct Search<'a> {
    pub(super) asked: &'a mut Asked<'a>,
    pub(super) along: &'a Along,
    /// With the draws of the uncertain inputs.
    pub(super) scenario: &'a Scenario,
}

impl Search<'_> {
    /// Whether there is an outage at the lower end, and where that turns, ascending. Looks at so many probes first, each
    /// to the horizon, and bisects between two that differ.
    ///
    /// # Errors
    /// Interrupted, or a value that does not fit.
    pub(super) fn turns(&mut self, probes: u32) -> Result<(bool, Vec<f64>), Unanswered> {
        let probes = self.along.probes(probes);
        let mut shown: Vec<Option<f64>> = Vec::new();
        for &x in &probes {
            shown.push(self.outage_shows_after(x, None)?);
        }
        let slowest = shown.iter().flatten().copied().fold(0.0, f64::max);
        let patience_h = self.asked.may_be_cut_short().then_some(PATIENCE * slowest + 1.0);
        let mut turns = Vec::new();
        for (ends, outages) in probes.windows(2).zip(shown.windows(2)) {
            if outages[0].is_some() != outages[1].is_some() {
                let (up, down) = if outages[0].is_some() { (ends[1], ends[0]) } else { (ends[0], ends[1]) };
                turns.push(self.turn(up, down, patience_h)?);
            }
        }
        Ok((shown[0].is_some(), turns))
    }

    /// Where the outcome turns between a value without an outage and one with it.
    fn turn(&mut self, up: f64, down: f64, patience_h: Option<f64>) -> Result<f64, Unanswered> {
        let (stays_up, goes_down) = self.bisect(up, down, patience_h)?;
        // The last one that seems to stay up is looked at to the horizon. An outage that took longer to show than that
        // makes the search begin anew, in full.
        if patience_h.is_some() && stays_up != up && self.has_outage(stays_up)? {
            let (stays_up, goes_down) = self.bisect(up, down, None)?;
            return Ok(0.5 * (stays_up + goes_down));
        }
        Ok(0.5 * (stays_up + goes_down))
    }

    fn bisect(&mut self, up: f64, down: f64, patience_h: Option<f64>) -> Result<(f64, f64), Unanswered> {
        let (mut up, mut down) = (up, down);
        while let Some(middle) = self.along.between(up.min(down), up.max(down)) {
            match self.outage_shows_after(middle, patience_h)? {
                Some(_) => down = middle,
                None => up = middle,
            }
        }
        Ok((up, down))
    }

    /// Whether there is an outage at a value, looked at to the horizon.
    ///
    /// # Errors
    /// Interrupted, or a value that does not fit.
    pub(super) fn has_outage(&mut self, x: f64) -> Result<bool, Unanswered> {
        Ok(self.outage_shows_after(x, None)?.is_some())
    }

    /// How many hours after the trigger an outage shows at a value; `None` if none does, up to the horizon or for so many
    /// hours.
    fn outage_shows_after(&mut self, x: f64, patience_h: Option<f64>) -> Result<Option<f64>, Unanswered> {
        let scenario = self.along.put(self.scenario, x).map_err(Unanswered::Impossible)?;
        self.asked.outage_shows_after(scenario, patience_h)
    }
}
