//! The folder of a sweep that has ended.

use std::path::Path;

use super::failure::Failure;
use crate::store::Folder;

/// Opens the folder of a complete sweep.
pub(super) fn complete(path: &Path) -> Result<Folder, Failure> {
    let folder = Folder::open(path)?;
    if folder.is_complete()? {
        return Ok(folder);
    }
    Err(Failure::WrongInput(format!("{}: the sweep is not complete; critmass run completes it", path.display())))
}
