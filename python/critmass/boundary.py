"""Where the outcome turns in the limit of ever more clients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from .program import call_json_with_notes

if TYPE_CHECKING:
    from .results import Results

FILE = "boundary.parquet"
# What is said of a line besides where it is.
SAID = ["beyond", "rises", "draws", "turning", "not_monotone", "outages_at_lower_end", "outages_at_upper_end"]


@dataclass(frozen=True)
class Boundary:
    """Where the outage probability would reach a level if there were ever more clients, so that chance averages out and the
    uncertain inputs alone decide."""

    along: str
    """The axis along which."""
    level: float
    """The outage probability."""
    confidence: float
    """That of the intervals, which are about the draws of the uncertain inputs."""
    frame: pl.DataFrame
    """A row for each cell of the other axes: these; `crossing`, `low` and `high` in units of the axis, null where there is
    none; `beyond`: `lower` or `upper` if it lies beyond that end; `rises`: whether outages begin where most draws turn;
    `draws`, and how many of them are `turning`, are `not_monotone` (turn more than once, or the other way than most), and
    have an outage at the ends."""
    note: str
    """What the program says of it: whether it is not monotone. Empty if there is nothing to say."""

    def __repr__(self) -> str:
        note = f"\n{self.note}" if self.note else ""
        return f"<{self.level:g} along {self.along} in the limit of ever more clients>{note}\n{self.frame!r}"


def boundary(results: Results, level: float) -> Boundary:
    """What lies in the folder of a sweep.

    Raises:
        CritmassError: nothing, or nothing of this sweep.
    """
    rows, note = call_json_with_notes("boundary", results.folder, f"--level={level}", "--format", "json")
    along: str = rows[0]["along"]
    others = [axis for axis in results.axes if axis.name != along]
    # JSON has no infinity: there it is a word.
    infinite = {axis.name for axis in others if any(value == math.inf for value in axis.values)}
    rows = [{name: math.inf if name in infinite and value == "inf" else value for name, value in row.items()} for row in rows]
    names = {along: "crossing", f"{along}_low": "low", f"{along}_high": "high"}
    frame = pl.DataFrame(rows, infer_schema_length=None).rename(names)
    frame = frame.select(*(axis.name for axis in others), *names.values(), *SAID)
    frame = frame.cast({**dict.fromkeys(names.values(), pl.Float64), "beyond": pl.String, "rises": pl.Boolean})
    return Boundary(along, rows[0]["outage_probability"], results.manifest["replicates"]["confidence"], frame, note)
