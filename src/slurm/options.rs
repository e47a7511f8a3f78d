//! Options of sbatch, as the user gave them.

use std::ffi::OsString;

/// Options of sbatch that are ours, with the letter of each, and what to use instead.
const OWN_OPTIONS: [(&str, Option<&str>, &str); 5] = [
    (
        "--array",
        Some("-a"),
        "the array follows from --shards; scontrol update ArrayTaskThrottle=… limits how many run at once",
    ),
    ("--dependency", Some("-d"), "the summary depends on the shards; scontrol hold and release let them wait"),
    ("--job-name", Some("-J"), "by the name the jobs are found again if Slurm does not answer; --comment is free"),
    ("--wrap", None, "the script is that of critmass; see --dry-run"),
    ("--test-only", None, "see --dry-run"),
];
/// Letters by which an abbreviation of an option is told: fewer are those of several options.
const LETTERS_MIN: usize = "--ar".len();

/// What the user gave for an option, as sbatch reads it: the last one counts. Abbreviations are none of ours.
pub fn value_of(arguments: &[OsString], long: &str, short: Option<&str>) -> Option<String> {
    let mut found = None;
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if word == long || Some(&*word) == short {
            found = words.next().map(|value| value.into_owned());
        } else if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.to_owned());
        } else if let Some(value) = short.and_then(|short| word.strip_prefix(short)) {
            found = Some(value.to_owned());
        }
    }
    found
}

/// Why an option cannot be given, if one of them cannot.
pub(super) fn refusal(arguments: &[OsString]) -> Option<String> {
    let refused = |word: &OsString| {
        let text = word.to_string_lossy();
        let name = text.split('=').next().unwrap_or_default();
        let is_long = |long: &str| name.len() >= LETTERS_MIN && long.starts_with(name);
        let is_short = |short: &str| !text.starts_with("--") && text.starts_with(short);
        let own = OWN_OPTIONS.into_iter().find(|(long, short, _)| is_long(long) || short.is_some_and(is_short));
        own.map(|(long, _, instead)| format!("{name} (sbatch's {long}) cannot be given here: {instead}"))
    };
    if let Some(clusters) = value_of(arguments, "--clusters", Some("-M"))
        && (clusters.contains(',') || clusters == "all")
    {
        return Some(format!("--clusters={clusters}: give one cluster, since the summary waits for the shards on it"));
    }
    arguments.iter().find_map(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn a_value_is_found_in_every_form_that_sbatch_reads() {
        for text in ["--clusters=two", "--clusters two", "-M two", "-Mtwo", "-M one --time=5 --clusters=two"] {
            assert_eq!(value_of(&words(text), "--clusters", Some("-M")).as_deref(), Some("two"), "{text}");
        }
        for text in ["", "--cluster-constraint=two", "--comment=-M", "--mem=5"] {
            assert_eq!(value_of(&words(text), "--clusters", Some("-M")), None, "{text}");
        }
    }

    #[test]
    fn what_is_ours_is_refused_in_every_form_and_nothing_else_is() {
        for text in [
            "--array=1-3",
            "--arr 1-3",
            "-a1",
            "-d afterok:1",
            "--depend=x",
            "-Jmine",
            "--job-name=mine",
            "--job=x",
            "--wrap=ls",
            "--test-only",
            "--clusters=one,two",
            "-Mall",
        ] {
            assert!(refusal(&words(text)).is_some(), "{text}");
        }
        for text in [
            "--time=5",
            "--account=me",
            "--deadline=now",
            "--acctg-freq=5",
            "-A me",
            "--wait-all-nodes=1",
            "-M one",
            "--delay-boot=3",
            "--comment=job",
        ] {
            assert_eq!(refusal(&words(text)), None, "{text}");
        }
    }
}
