//! Reads `[run]`: how a run is made.

use super::reader::Reader;
use crate::engine::EngineKind;
use crate::sweep::keys::run as keys;

/// Reads `[run]`.
pub(super) fn engine(root: &Reader) -> EngineKind {
    let Some(table) = root.get_table("run") else { return EngineKind::default() };
    table.allow_keys(&keys::TABLE);
    let engine = named(&table);
    if table.boolean_at(&keys::NOISE) != Some(true) {
        return engine;
    }
    engine.with_noise().unwrap_or_else(|| {
        if let Some(noise) = table.at(&keys::NOISE) {
            noise.report(format!("the engine {:?} has all chance anyway; leave it out", engine.name()));
        }
        engine
    })
}

fn named(table: &Reader) -> EngineKind {
    let Some(written) = table.at(&keys::ENGINE) else { return EngineKind::default() };
    let Some(name) = written.text() else { return EngineKind::default() };
    EngineKind::find(name).unwrap_or_else(|| {
        written.refuse(&keys::ENGINE.expectation());
        EngineKind::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::keys::Form;

    #[test]
    fn the_engines_of_the_sweep_file_are_those_that_there_are() {
        let Form::Word(words) = keys::ENGINE.form else { panic!("{:?}", keys::ENGINE.form) };
        assert_eq!(words, EngineKind::ALL.map(EngineKind::name));
    }
}
