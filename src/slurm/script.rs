//! The script of a job, and words as the shell reads them.

use std::ffi::OsStr;
use std::path::Path;

/// What a job does.
const JOB: &str = include_str!("job.sh");

/// The script of the jobs of a sweep.
pub(super) fn script(program: &Path, folder: &Path, shards: u32) -> String {
    let quoted = |path: &Path| quoted(&path.display().to_string());
    let values = [("@CRITMASS@", quoted(program)), ("@FOLDER@", quoted(folder)), ("@SHARDS@", shards.to_string())];
    // In one pass: a name may hold the mark of another value.
    let (mut text, mut rest) = (String::new(), JOB);
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        text += before;
        let (written, read) = match values.iter().find(|(mark, _)| from.starts_with(mark)) {
            Some((mark, value)) => (value.as_str(), mark.len()),
            None => ("@", 1),
        };
        text += written;
        rest = &from[read..];
    }
    text + rest
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word as the shell wants it.
pub(super) fn shell_word(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:%@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.into_owned() } else { quoted(&text) }
}
