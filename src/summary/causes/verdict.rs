//! What runs without a limit say about one outage.

/// What an outage needed: its causes in the sense of *but for this, it would not have happened*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The limit of the login server alone: without it there is no outage, with plenty of super nodes there is.
    Login,
    /// The shortage of super nodes alone.
    Supernodes,
    /// Both are necessary: taking away either one is enough.
    Both,
    /// Either is sufficient: taking away one is not enough, taking away both is.
    Either,
    /// Neither: it is there without both limits, too.
    Neither,
}

impl Cause {
    /// All of them.
    pub(super) const ALL: [Cause; 5] = [Cause::Login, Cause::Supernodes, Cause::Both, Cause::Either, Cause::Neither];

    /// What it is called in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Cause::Login => "login",
            Cause::Supernodes => "supernodes",
            Cause::Both => "both",
            Cause::Either => "either",
            Cause::Neither => "neither",
        }
    }

    /// For people: which removal takes the outage away.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Cause::Login => "login: only that",
            Cause::Supernodes => "supernodes: only that",
            Cause::Both => "both: either is enough",
            Cause::Either => "either: only both are",
            Cause::Neither => "neither: not even both",
        }
    }
}

/// Whether an outage is gone without a limit, or with other chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Verdict {
    /// Without the limit of the login server.
    pub(super) login: Option<bool>,
    /// Without the shortage of super nodes.
    pub(super) supernodes: Option<bool>,
    /// Without both; not tried where one is enough.
    pub(super) both: Option<bool>,
    /// With everything as it was and another seed.
    pub(super) chance: Option<bool>,
}

impl Verdict {
    /// The cause; `None` where the runs that it takes are missing.
    pub(super) fn cause(self) -> Option<Cause> {
        Some(match (self.login?, self.supernodes?) {
            (true, true) => Cause::Both,
            (true, false) => Cause::Login,
            (false, true) => Cause::Supernodes,
            (false, false) if self.both? => Cause::Either,
            (false, false) => Cause::Neither,
        })
    }

    /// Whether it takes a run without both limits to tell.
    pub(super) fn wants_both(self) -> bool {
        self.login == Some(false) && self.supernodes == Some(false) && self.both.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_what_the_outage_would_not_have_been_without() {
        let cause = |login, supernodes, both| Verdict { login, supernodes, both, chance: None }.cause();
        assert_eq!(cause(Some(true), Some(false), None), Some(Cause::Login));
        assert_eq!(cause(Some(false), Some(true), None), Some(Cause::Supernodes));
        assert_eq!(cause(Some(true), Some(true), None), Some(Cause::Both));
        assert_eq!(cause(Some(false), Some(false), Some(true)), Some(Cause::Either));
        assert_eq!(cause(Some(false), Some(false), Some(false)), Some(Cause::Neither));
        assert_eq!([cause(Some(false), Some(false), None), cause(None, Some(true), None)], [None, None]);
    }
}
