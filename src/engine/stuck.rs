//! In which of the two steps clients hang, around the longest spell below the threshold: at its onset, and while it
//! lasts. What counts is the client-time beyond that of the hour before the trigger.

use super::outcome::Step;

/// The share of the blocked client-time from which on one step has it all but alone.
const ALONE_FROM: f64 = 2.0 / 3.0;

/// Client-ticks in the two steps, over some ticks.
#[derive(Debug, Clone, Copy, Default)]
struct Blocked {
    ticks: f64,
    seeking: f64,
    login: f64,
}

impl Blocked {
    fn less(self, other: Blocked) -> Blocked {
        Blocked {
            ticks: self.ticks - other.ticks,
            seeking: self.seeking - other.seeking,
            login: self.login - other.login,
        }
    }

    fn add(&mut self, seeking: f64, login: f64) {
        self.ticks += 1.0;
        self.seeking += seeking;
        self.login += login;
    }

    /// The step that has what goes beyond a usual state; `None` where nothing does.
    fn step(self, usual: Blocked) -> Option<Step> {
        let beyond = |here: f64, usually: f64| (here - usually * self.ticks / usual.ticks.max(1.0)).max(0.0);
        let (seeking, login) = (beyond(self.seeking, usual.seeking), beyond(self.login, usual.login));
        let all = seeking + login;
        if all <= 0.0 {
            None
        } else if login >= ALONE_FROM * all {
            Some(Step::Login)
        } else if seeking >= ALONE_FROM * all {
            Some(Step::Supernodes)
        } else {
            Some(Step::Both)
        }
    }
}

/// What is known of a spell.
#[derive(Debug, Clone, Copy, Default)]
struct Spell {
    /// From the last fall below the middle to its first tick, this one included.
    onset: Blocked,
    /// The sums before its first tick as an outage.
    before_outage: Option<Blocked>,
    /// From that tick to its last one so far.
    as_outage: Option<Blocked>,
}

/// Accumulates where clients hang.
#[derive(Clone, Default)]
pub(super) struct Stuck {
    /// Ticks that a spell lasts before it is an outage, ≥ 1.
    least_ticks: u32,
    usual: Blocked,
    so_far: Blocked,
    /// The sums before the online fraction fell below the middle between baseline and threshold, where it has stayed.
    before_fall: Option<Blocked>,
    spell: Spell,
    longest: Spell,
}

impl Stuck {
    pub(super) fn new(least_ticks: u32) -> Stuck {
        Stuck { least_ticks, ..Stuck::default() }
    }

    /// Takes over what another one has seen of the hour before the trigger.
    pub(super) fn adopt(&mut self, before: &Stuck) {
        self.usual = before.usual;
    }

    /// Takes in a tick of the hour before the trigger.
    pub(super) fn observe_usual(&mut self, seeking: f64, login: f64) {
        self.usual.add(seeking, login);
    }

    /// Takes in a tick from the trigger on: whether the online fraction is below the middle, how many ticks the spell
    /// below the threshold has lasted, 0 if there is none, and whether it is the longest one so far.
    pub(super) fn observe(&mut self, seeking: f64, login: f64, is_low: bool, spell_ticks: u32, is_longest: bool) {
        let before = self.so_far;
        self.so_far.add(seeking, login);
        self.before_fall = if is_low { self.before_fall.or(Some(before)) } else { None };
        if spell_ticks == 1 {
            self.spell = Spell { onset: self.so_far.less(self.before_fall.unwrap_or(before)), ..Spell::default() };
        }
        if spell_ticks == self.least_ticks.saturating_add(1) {
            self.spell.before_outage = Some(before);
        }
        self.spell.as_outage = self.spell.before_outage.map(|before| self.so_far.less(before));
        if is_longest {
            self.longest = self.spell;
        }
    }

    /// The steps at the onset of the longest spell, and while it lasted.
    pub(super) fn steps(&self) -> [Option<Step>; 2] {
        let during = self.longest.as_outage.and_then(|blocked| blocked.step(self.usual));
        [self.longest.onset.step(self.usual), during]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tick: clients that seek, clients that wait, whether it is low, whether it is below the threshold.
    type Tick = (f64, f64, bool, bool);

    fn steps(least_ticks: u32, usual: (f64, f64), ticks: &[Tick]) -> [Option<Step>; 2] {
        let mut stuck = Stuck::new(least_ticks);
        (0..10).for_each(|_| stuck.observe_usual(usual.0, usual.1));
        let (mut spell, mut longest) = (0, 0);
        for &(seeking, login, is_low, is_below) in ticks {
            spell = if is_below { spell + 1 } else { 0 };
            stuck.observe(seeking, login, is_low, spell, spell > longest);
            longest = longest.max(spell);
        }
        stuck.steps()
    }

    const FALL: Tick = (9.0, 0.0, true, false);
    const DOWN: Tick = (0.0, 9.0, true, true);
    const UP: Tick = (0.0, 0.0, false, false);

    #[test]
    fn onset_and_the_time_after_it_are_told_apart() {
        let outage = [UP, FALL, DOWN, DOWN, DOWN, UP];
        assert_eq!(steps(2, (0.0, 0.0), &outage), [Some(Step::Both), Some(Step::Login)]);
        assert_eq!(steps(2, (0.0, 0.0), &[FALL, FALL, FALL, DOWN, DOWN, UP]), [Some(Step::Supernodes), None]);
        assert_eq!(steps(2, (0.0, 0.0), &[UP, FALL, UP, DOWN, DOWN, DOWN]), [Some(Step::Login); 2]);
        assert_eq!(steps(2, (0.0, 0.0), &[UP, FALL, UP]), [None, None], "there is no spell");
    }

    #[test]
    fn what_is_usual_does_not_count() {
        let outage = [(5.0, 1.0, true, true), (5.0, 1.0, true, true)];
        assert_eq!(steps(1, (0.0, 0.0), &outage), [Some(Step::Supernodes); 2]);
        assert_eq!(steps(1, (5.0, 0.0), &outage), [Some(Step::Login); 2]);
        assert_eq!(steps(1, (6.0, 2.0), &outage), [None, None]);
    }

    #[test]
    fn the_longest_spell_counts_and_the_first_one_of_that_length() {
        let seeking = (9.0, 0.0, true, true);
        assert_eq!(steps(1, (0.0, 0.0), &[DOWN, DOWN, UP, seeking, seeking, UP]), [Some(Step::Login); 2]);
        assert_eq!(steps(1, (0.0, 0.0), &[DOWN, DOWN, UP, seeking, seeking, seeking, UP]), [Some(Step::Supernodes); 2]);
    }
}
