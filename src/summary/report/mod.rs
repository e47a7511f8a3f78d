//! The report: one page of HTML that needs nothing else.
//!
//! ```text
//! runs ─→ Surface ─┬→ Crossings: where it crosses a level ─────────┬→ words, data, page
//!                  ├→ pair: a run that survived, one that did not ─┤
//!                  └→ Sensitivity: which inputs matter ────────────┘
//! ```
//!
//! Words and tables can be read without JavaScript. With it, the surface can be explored: plotly.js 4.1.1 (its cartesian
//! bundle, MIT licence) is in the page, compressed in the program.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `pair` | two runs to be shown beside each other, made again |
//! | `limit` | where the limit of ever more clients turns, if that is kept beside the runs |
//! | `data` | what the script draws, as JSON |
//! | `words` | the answer in sentences, and how numbers are written |
//! | `page` | the page |

mod data;
mod limit;
mod page;
mod pair;
mod words;

use std::io;

use self::limit::Limit;
use self::pair::ShownRun;
use super::columns::OUTAGE;
use super::crossings::{Crossings, crossings};
use super::error::SummaryError;
use super::sensitivity::{RunSample, Sensitivity};
use super::surface::Surface;
use super::table::surface_of_folder;
use crate::store::{Folder, SessionNote};

/// A cell and a number of a replicate.
type Key = (u32, u32);

/// What a report says.
pub struct Report {
    surface: Surface,
    /// Whether every run of the sweep is there.
    complete: bool,
    crossings: Crossings,
    pair: Vec<ShownRun>,
    /// What the processes that made the runs have noted.
    sessions: Vec<SessionNote>,
    /// What the outage depends on, if there are uncertain inputs.
    sensitivity: Option<Sensitivity>,
    limit: Limit,
}

impl Report {
    /// Reads the runs of a folder, and makes the two runs again that are shown.
    ///
    /// # Errors
    /// A part cannot be read or is damaged.
    pub fn of(folder: &Folder) -> Result<Report, SummaryError> {
        let surface = surface_of_folder(folder, true)?;
        let crossings = crossings(folder, folder.sweep().level())?;
        let pair = pair::shown(folder, &surface)?;
        let sample = if folder.sweep().uncertain.is_empty() { None } else { RunSample::read(folder, OUTAGE)? };
        let sensitivity = sample.map(|sample| Sensitivity::of(sample, &[], &[]));
        let (complete, sessions) = (folder.is_complete()?, SessionNote::of(folder.path())?);
        let limit = Limit::of(folder)?;
        Ok(Report { limit, complete, crossings, pair, sessions, sensitivity, surface })
    }

    /// The page.
    ///
    /// # Errors
    /// What is drawn with cannot be unpacked, which no folder is the reason of.
    pub fn html(&self) -> io::Result<String> {
        page::page(self)
    }
}
