//! The commands of Slurm, and what can go wrong with them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::store::StoreError;

/// How long Slurm may take to answer a question. (Its commands try for minutes if the controller is down.)
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How often the answer is looked for.
const POLL: Duration = Duration::from_millis(20);

/// Why Slurm could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    /// A command of Slurm is not there, fails, or does not answer.
    #[error("{command}: {message}")]
    Command {
        /// The command.
        command: String,
        /// What it said.
        message: String,
    },
    /// A command of Slurm did not answer in time: nobody knows what became of the request.
    #[error("{command}: no answer within {} s", ANSWER_WITHIN.as_secs())]
    Silent {
        /// The command.
        command: String,
    },
    /// Whether Slurm has taken a job is not known; the message says what to do.
    #[error("{0}")]
    Unknown(String),
    /// A file could not be written or read.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file of the folder could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user asked for something that cannot be.
    #[error("{0}")]
    Refused(String),
}

impl SlurmError {
    pub(super) fn file(path: &Path, cause: std::io::Error) -> SlurmError {
        SlurmError::File { path: path.to_owned(), cause }
    }
}

/// Runs a command of Slurm; returns what it wrote.
pub(super) fn ask(command: &mut Command) -> Result<String, SlurmError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |message: String| SlurmError::Command { command: name.clone(), message };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // Read beside the waiting: a full pipe would stop the command.
    let reader = |stream: Option<Box<dyn Read + Send>>| {
        std::thread::Builder::new().spawn(move || {
            let mut bytes = Vec::new();
            // What could be read counts.
            let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>);
    let stderr = child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>);
    let (stdout, stderr) = match (reader(stdout), reader(stderr)) {
        (Ok(stdout), Ok(stderr)) => (stdout, stderr),
        (Err(error), _) | (_, Err(error)) => {
            // It may have ended in this moment.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("no thread can be started to read its answer: {error}")));
        }
    };
    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None if started.elapsed() > ANSWER_WITHIN => {
                // It may have ended in this moment.
                let _ = child.kill();
                let _ = child.wait();
                return Err(SlurmError::Silent { command: name });
            }
            None => std::thread::sleep(POLL),
        }
    };
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    if status.success() {
        return Ok(stdout);
    }
    let message = stderr.trim();
    Err(failed(if message.is_empty() { status.to_string() } else { message.to_owned() }))
}
