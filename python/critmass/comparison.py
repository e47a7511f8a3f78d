"""Differences between sweeps, or between two values of a lever, replicate by replicate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from .program import call_json

if TYPE_CHECKING:
    from .results import Results


def compare(a: Results, b: Results | None = None, *, axis: str | None = None, reference: str | float | None = None,
            confidence: float | None = None) -> pl.DataFrame:
    """By how much the outage probability differs, cell by cell: that of the sweep `b` minus that of `a`, or, of `a` alone,
    that of each point of an axis minus that of the reference: `critmass compare`.

    Under common random numbers replicate r of both sides sees the same draws, so outcomes are paired, and only the
    replicates that differ count. The interval is the score interval of Tango (Statistics in Medicine 17, 1998).

    Returns:
        The axes; `pairs`, `only_a` and `only_b` (replicates with an outage in the reference alone and in the cell alone),
        `difference`, `low`, `high`, `runs_saved`: how many times the runs it would have taken without pairing (null where it
        cannot be said); and the same of every other output, under its name.

    Raises:
        CritmassError: the runs cannot be paired, or are not complete.
    """
    options = {"--axis": axis, "--reference": reference, "--confidence": confidence}
    folders = [str(of.folder) for of in (a, b) if of is not None]
    said = [f"{option}={value}" for option, value in options.items() if value is not None]
    rows = call_json("compare", *folders, *said, "--format", "json")
    numeric = {axis.name for axis in a.axes if any(value == math.inf for value in axis.values)}
    # JSON has no infinity: there it is a word.
    rows = [{name: math.inf if name in numeric and value == "inf" else value for name, value in row.items()} for row in rows]
    names = {
        "outages_reference_alone": "only_a", "outages_alone": "only_b", "outage_probability_difference": "difference",
        "outage_probability_difference_low": "low", "outage_probability_difference_high": "high",
        "outage_probability_runs_saved": "runs_saved",
    }
    numbers = [name for name in (rows[0] if rows else {}) if name.endswith(("_difference", "_low", "_high", "_runs_saved"))]
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(numbers).cast(pl.Float64))
    return frame.rename({name: new for name, new in names.items() if name in frame.columns})
