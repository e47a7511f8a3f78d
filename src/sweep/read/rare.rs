//! Reads `[rare]`.

use super::reader::Reader;
use crate::sweep::keys::rare as keys;
use crate::sweep::types::{Rare, RareMethod};

/// What the author of a sweep with `[rare]` should know.
pub(super) const NOTE: &str = "[rare] is for critmass rare, whose runs are its own; the runs of this command are those of \
    [replicates], among which rare outages are hardly ever";

/// Reads `[rare]`, once it is known how many inputs are uncertain.
pub(super) fn rare(root: &Reader, inputs: usize) -> Option<Rare> {
    let table = root.get_table("rare")?;
    table.allow_keys(&keys::TABLE);
    let level = table.number_at(&keys::LEVEL);
    let relative_error = table.number_at(&keys::RELATIVE_ERROR);
    let at_most = table.whole_at(&keys::AT_MOST).and_then(|n| u32::try_from(n).ok());
    let confidence = table.number_at(&keys::CONFIDENCE);
    let method = method(&table);
    if inputs == 0 && root.get("uncertain").is_none() {
        table.report(
            "no input is uncertain, so that there is nowhere to look for outages; expected [uncertain], or no [rare]",
        );
    }
    Some(Rare {
        level: level?,
        relative_error: relative_error.unwrap_or(0.2),
        at_most: at_most.unwrap_or(20_000),
        method,
        confidence: confidence.unwrap_or(0.95),
    })
}

fn method(table: &Reader) -> RareMethod {
    let Some(written) = table.at(&keys::METHOD) else { return RareMethod::default() };
    let Some(name) = written.text() else { return RareMethod::default() };
    RareMethod::ALL.into_iter().find(|&(known, _)| known == name).map_or_else(
        || {
            written.refuse(&keys::METHOD.expectation());
            RareMethod::default()
        },
        |(_, method)| method,
    )
}
