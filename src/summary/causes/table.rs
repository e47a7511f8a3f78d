//! A row for each outage: what prevents it, what ends it, and where clients were stuck.

use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow_schema::ArrowError;

use super::outages::{Causes, OutageRun};
use super::verdict::{Cause, Verdict};
use crate::engine::outcome::OUTPUTS;
use crate::store::{axis_column, axis_field};
use crate::summary::listing::Columns;
use crate::sweep::columns as names;

impl Causes {
    /// The outages, a row each.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        let runs = self.runs.iter();
        let mut columns = Columns::default();
        let cells = UInt32Array::from_iter_values(runs.clone().map(|run| run.cell));
        columns.add(names::CELL, "1", "Number of the cell.", Arc::new(cells));
        for (index, axis) in self.sweep.axes.iter().enumerate() {
            columns.add_field(axis_field(axis), axis_column(&self.sweep, index, runs.clone().map(|run| run.cell)));
        }
        let replicates = UInt32Array::from_iter_values(runs.clone().map(|run| run.replicate));
        columns.add(names::REPLICATE, "1", "Number of the run within its cell.", Arc::new(replicates));
        let described = |name: &str| OUTPUTS.iter().find(|output| output.name == name).map_or("", |of| of.description);
        columns.add_numbers("outage_h", "h", described("outage_h"), runs.clone().map(|run| Some(run.outage_h)));
        let starts = runs.clone().map(|run| Some(run.outage_start_h));
        columns.add_numbers("outage_start_h", "h", described("outage_start_h"), starts);
        for (index, name) in ["stuck_at_onset", "stuck_while_down"].into_iter().enumerate() {
            let words = runs.clone().map(|run| run.stuck[index].as_deref());
            columns.add(name, "1", described(name), Arc::new(StringArray::from_iter(words)));
        }
        let none = "Whether there is no outage";
        self.add_verdicts(&mut columns, "avoided", none, "from the start of the run on", |run| run.structure);
        self.add_causes(&mut columns, "structural_cause", "avoids", |run| run.structure);
        self.add_verdicts(&mut columns, "prevented", none, "from the trigger on", |run| run.onset);
        self.add_causes(&mut columns, "onset_cause", "prevents", |run| run.onset);
        let ended = "Whether at least half of what was to come of the outage is gone";
        let from = "from the moment on in which it was one";
        self.add_verdicts(&mut columns, "ended", ended, from, |run| run.sustaining);
        self.add_causes(&mut columns, "sustaining_cause", "ends", |run| run.sustaining);
        columns.into_table()
    }

    fn add_verdicts(&self, columns: &mut Columns, name: &str, what: &str, from: &str, of: fn(&OutageRun) -> Verdict) {
        let verdicts = || self.runs.iter().map(of);
        let mut add = |which: &str, how: String, values: BooleanArray| {
            columns.add(&format!("{name}_{which}"), "1", &format!("{what} {how}."), Arc::new(values));
        };
        let login = format!("with an unlimited login server {from}");
        add("login", login, verdicts().map(|verdict| verdict.login).collect());
        let supernodes = format!("with slots of the operator for twice all clients {from}");
        add("supernodes", supernodes, verdicts().map(|verdict| verdict.supernodes).collect());
        let both = format!("with both {from}; missing where one is enough");
        add("both", both, verdicts().map(|verdict| verdict.both).collect());
        let chance = "in the same scenario with another seed".to_owned();
        add("chance", chance, verdicts().map(|verdict| verdict.chance).collect());
    }

    fn add_causes(&self, columns: &mut Columns, name: &str, does: &str, of: fn(&OutageRun) -> Verdict) {
        let description = format!(
            "What the outage needed: login or supernodes, if nothing but the removal of this limit {does} it; both, if either \
             removal does; either, if only both removals do; neither, if not even these do."
        );
        let causes = self.runs.iter().map(|run| of(run).cause().map(Cause::name));
        columns.add(name, "1", &description, Arc::new(StringArray::from_iter(causes)));
    }
}
