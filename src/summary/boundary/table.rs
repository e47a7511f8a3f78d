//! Tables of the levels, and of the draws.

use std::sync::Arc;

use arrow_array::{BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::ArrowError;

use super::levels::{CellLevels, Level};
use super::{Boundary, is_limit};
use crate::summary::listing::Columns;
use crate::sweep::columns as names;

/// What the cells are.
const OTHER_AXES: &str = "Number of the cell, of the other axes.";

impl Boundary {
    /// A row for each cell and level of the outage probability.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        let quantity = &self.question.along.quantity;
        let (name, unit) = (quantity.name(), quantity.unit());
        let rows = || self.cells.iter().flat_map(|cell| cell.levels.iter().map(move |level| (cell, level)));
        let mut columns = Columns::default();
        columns.add_cells(&self.question.sweep, OTHER_AXES, &rows().map(|(cell, _)| cell.cell).collect::<Vec<_>>());
        let is_limit = is_limit(&self.question.sweep);
        let probability = if is_limit {
            "Outage probability in the limit of ever more clients, over the draws of the uncertain inputs."
        } else {
            "Share of the draws, of the uncertain inputs and of chance, whose turn says that there is an outage."
        };
        let levels = rows().map(|(_, level)| Some(f64::from(level.percent) / 100.0));
        columns.add_numbers("outage_probability", "1", probability, levels);
        let finite = |level: &Level| level.at.filter(|at| at.is_finite());
        let reached = format!("{name} at which it is reached; null beyond the ends.");
        columns.add_numbers(name, unit, &reached, rows().map(|(_, level)| finite(level)));
        let confidence = 100.0 * self.question.sweep.replicates.confidence;
        let of = |end: &str| {
            format!(
                "{end} end of its {confidence} % interval, between order statistics of the turns; null if there is none."
            )
        };
        columns.add_numbers(&format!("{name}_low"), unit, &of("Lower"), rows().map(|(_, level)| level.low));
        columns.add_numbers(&format!("{name}_high"), unit, &of("Upper"), rows().map(|(_, level)| level.high));
        let beyond = rows().map(|(_, level)| level.beyond()).collect::<StringArray>();
        let description =
            "The end that it lies beyond, lower or upper; null if it lies between them, or if it cannot be told.";
        columns.add("beyond", "1", description, Arc::new(beyond));
        let rises = rows().map(|(cell, _)| cell.rises).collect::<BooleanArray>();
        columns.add(
            "rises",
            "1",
            "Whether outages begin where most of the draws turn; null if none turns.",
            Arc::new(rises),
        );
        let mut add = |name: &str, description: &str, of: fn(&CellLevels) -> u32| {
            let counts = Int64Array::from_iter_values(rows().map(|(cell, _)| of(cell).into()));
            columns.add(name, "1", description, Arc::new(counts));
        };
        add("draws", "Draws of the uncertain inputs.", |cell| cell.draws);
        add("turning", "Draws whose outcome turns.", |cell| cell.turning);
        add("not_monotone", "Draws that turn more than once, or the other way than most.", |cell| cell.odd);
        add("outages_at_lower_end", "Draws with an outage at the lower end.", |cell| cell.outages_at_ends[0]);
        add("outages_at_upper_end", "Draws with an outage at the upper end.", |cell| cell.outages_at_ends[1]);
        if !is_limit {
            add("audits", "Draws of which one more run was made, far from where they turn.", |cell| cell.audits[0]);
            add("audits_that_differ", "Those whose run says otherwise than the turns.", |cell| cell.audits[1]);
        }
        let along = rows().map(|_| Some(name)).collect::<StringArray>();
        columns.add("along", "1", "The parameter along which.", Arc::new(along));
        columns.into_table()
    }

    /// A row for each draw.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table_of_draws(&self) -> Result<RecordBatch, ArrowError> {
        let quantity = &self.question.along.quantity;
        let lines = || self.lines.iter();
        let mut columns = Columns::default();
        let sweep = &self.question.sweep;
        columns.add_cells(sweep, OTHER_AXES, &lines().map(|line| line.cell).collect::<Vec<_>>());
        let replicates = UInt32Array::from_iter_values(lines().map(|line| line.replicate));
        columns.add(names::REPLICATE, "1", "Number of the draw within its cell.", Arc::new(replicates));
        columns.add_drawn(sweep, lines().map(|line| &*line.drawn));
        let first = format!("{} at which the outcome turns first; null if it does not turn.", quantity.name());
        let turns = lines().map(|line| line.turns.first().copied());
        columns.add_numbers(quantity.name(), quantity.unit(), &first, turns);
        let turns = Int64Array::from_iter_values(lines().map(|line| line.turns.len() as i64));
        columns.add("turns", "1", "How often the outcome turns, as far as it was seen.", Arc::new(turns));
        for (name, ends_in) in [("outage_at_lower_end", false), ("outage_at_upper_end", true)] {
            let outages = lines().map(|line| Some(if ends_in { line.ends_in_outage() } else { line.begins_in_outage }));
            let description = "Whether there is an outage at this end.";
            columns.add(name, "1", description, Arc::new(outages.collect::<BooleanArray>()));
        }
        if !is_limit(sweep) {
            let at = lines().map(|line| line.audit.map(|audit| audit.at));
            let description =
                "Where one more run was made, far from where the draw turns; null if that would have been too near.";
            columns.add_numbers("audited_at", quantity.unit(), description, at);
            let outages = lines().map(|line| line.audit.map(|audit| audit.outage)).collect::<BooleanArray>();
            columns.add("audited_outage", "1", "Whether it had an outage.", Arc::new(outages));
        }
        columns.into_table()
    }
}
