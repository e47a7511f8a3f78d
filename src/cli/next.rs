//! What to do with the results of a sweep: commands to paste.

use std::path::Path;

use super::output::say;
use crate::summary::Surface;

/// A path as it is typed in a shell.
pub(super) fn in_a_shell(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Says where the results are, and what may be asked next: how long outages last, what happened in a run of the cell that
/// is least sure to survive or not, and a page to hand on.
pub(super) fn say_what_is_next(out: &Path, surface: &Surface) {
    let out = in_a_shell(out);
    let from_half = |probability: f64| (probability - 0.5).abs();
    let nearest = surface
        .cells()
        .iter()
        .min_by(|a, b| from_half(a.outage_probability).total_cmp(&from_half(b.outage_probability)));
    let cell = nearest.map_or(0, |row| row.cell);
    say(format_args!(
        "written to {out}; next:\n  critmass summarize {out} --output recovery_h --statistic q50\n  \
         critmass simulate {out} --cell {cell} --replicate 0\n  critmass report {out}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("out/critical-mass", "out/critical-mass"),
            ("my results", "'my results'"),
            ("it's", r"'it'\''s'"),
            ("$HOME/*", "'$HOME/*'"),
            ("", "''"),
        ] {
            assert_eq!(in_a_shell(Path::new(path)), word);
        }
    }
}
