//! The shares of the causes, for people.

use std::fmt::Write as _;

use super::outages::{Causes, OutageRun};
use super::verdict::{Cause, Verdict};
use crate::statistics::clusters::Ratio;

/// What the removals say, from the earliest one to the latest.
const VERDICTS: [fn(&OutageRun) -> Verdict; 3] = [|run| run.structure, |run| run.onset, |run| run.sustaining];

impl Causes {
    /// Shares of the causes with their intervals, and where clients were stuck, on lines of at most 80 columns.
    pub fn in_words(&self) -> String {
        let (looked_at, all) = (self.runs.len(), self.found);
        let mut text = format!("Where {looked_at} of {all} outages come from ({} runs)\n\n", self.looked_at);
        if self.runs.is_empty() {
            return text;
        }
        let confidence = 100.0 * self.sweep.replicates.confidence;
        let line = |name: &str, of: [String; 3]| {
            format!("{name:25}{:<19}{:<19}{}", of[0], of[1], of[2]).trim_end().to_owned() + "\n"
        };
        text += &line("taken away", ["from the start", "from the trigger", "once it is there"].map(str::to_owned));
        for cause in Cause::ALL {
            let shares = VERDICTS.map(|of| self.share(|run| of(run).cause().map(|of| of == cause)));
            text += &line(&format!("  {}", cause.in_words()), shares);
        }
        text += &line("gone by another seed", VERDICTS.map(|of| self.share(|run| of(run).chance)));
        text.push('\n');
        self.cross(&mut text);
        let _ = write!(
            text,
            "\nShares of the outages that are gone, by which removal does it: the limit of the\n\
             login server, or the shortage of super nodes (slots for twice all clients are\n\
             added). Gone is an outage that does not come; once it is there, one of which no\n\
             more than half of the rest is left. [ ] is the {confidence} % interval, replicates that\n\
             cells share counted once.\n"
        );
        text
    }

    /// A share of the outages of which it is known, with its interval.
    fn share(&self, is_it: impl Fn(&OutageRun) -> Option<bool>) -> String {
        let mut ratio = Ratio::default();
        for run in &self.runs {
            let cluster = self.sweep.cluster(run.cell, run.replicate);
            if let Some(is_it) = is_it(run) {
                ratio.add(cluster, f64::from(is_it), 1.0);
            }
        }
        let Some(share) = ratio.estimate() else { return "–".to_owned() };
        let [low, high] = share.interval_of_share(self.sweep.replicates.confidence);
        format!("{:.2} [{low:.2}, {high:.2}]", share.value)
    }

    /// Where clients were stuck, against what was necessary.
    fn cross(&self, text: &mut String) {
        const STUCK: [(&str, Option<&str>); 4] =
            [("login", Some("login")), ("super nodes", Some("supernodes")), ("both", Some("both")), ("nowhere", None)];
        for (when, index) in [("at onset", 0), ("while down", 1)] {
            let verdict = |run: &OutageRun| if index == 0 { run.onset } else { run.sustaining };
            let heads = Cause::ALL.map(|cause| format!("{:>11}", cause.name())).concat();
            let _ = writeln!(text, "{:24}{heads}", format!("stuck {when} | needs"));
            for (name, stuck) in STUCK {
                let count = |cause| {
                    let is_it =
                        |run: &&OutageRun| run.stuck[index].as_deref() == stuck && verdict(run).cause() == Some(cause);
                    self.runs.iter().filter(is_it).count()
                };
                let counts = Cause::ALL.map(count);
                if counts.iter().any(|&count| count > 0) {
                    let counts = counts.map(|count| format!("{count:>11}")).concat();
                    let _ = writeln!(text, "  {name:22}{counts}");
                }
            }
        }
    }
}
