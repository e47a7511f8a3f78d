"""The folder of a sweep, as frames."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .boundary import Boundary, boundary
from .clusters import Clusters
from .columns import Columns
from .drawing import shown
from .program import CritmassError, call, call_json
from .surface import Surface
from .trace import Trace


@dataclass(frozen=True)
class Axis:
    """A lever of a sweep."""

    name: str
    """The column that holds it."""
    values: list[Any]
    """Its points: numbers, words, or the labels of variants."""
    logarithmic: bool

    @property
    def numeric(self) -> bool:
        """Whether its points are numbers, all of them finite, so that there is something between two of them."""
        return all(
            isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) for value in self.values
        )


class Results:
    """What a sweep has computed: `runs`, `surface` and `traces`, with units and descriptions in `columns`.

    Raises:
        CritmassError: the folder is none of a sweep.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        manifest = self.folder / "manifest.json"
        if not manifest.is_file():
            raise CritmassError(f"{self.folder}: no manifest.json: this is not the folder of a sweep")
        self.manifest: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))

    def __repr__(self) -> str:
        return f"<sweep {self.manifest['name']}: {self.manifest['question'] or 'no question'} ({self.folder})>"

    @cached_property
    def axes(self) -> list[Axis]:
        """The levers, in the order of the sweep file."""
        return [_axis(axis) for axis in self.manifest["design"]["axes"]]

    @property
    def is_grid(self) -> bool:
        """Whether the cells are all combinations of the points of the axes."""
        return bool(self.manifest["design"]["kind"] == "grid")

    @property
    def uncertain(self) -> list[str]:
        """The columns of the inputs that are drawn anew for every replicate."""
        return sorted(law["column"] for law in self.manifest["uncertain"].values())

    @cached_property
    def columns(self) -> Columns:
        """Unit and description of every column of `runs`, `surface` and `traces`."""
        return Columns.of(call_json("columns", self.folder, "--format", "json"))

    @cached_property
    def runs(self) -> pl.DataFrame:
        """A row for each run, in the order of cell and replicate.

        Rows of one replicate share the draws of the uncertain inputs in all cells (common random numbers). Whatever pools
        cells has to take the replicate as its unit: `probability_by` does.
        """
        return self._table("runs", "critmass run has not kept a run in it yet")

    @cached_property
    def traces(self) -> pl.DataFrame:
        """A row for each interval of each traced run."""
        return self._table("traces", "the sweep has no [traces]")

    def _table(self, name: str, otherwise: str) -> pl.DataFrame:
        files = sorted((self.folder / name).glob("*.parquet"))
        if not files:
            raise CritmassError(f"{self.folder}: no {name}: {otherwise}")
        return pl.read_parquet(files).sort("cell", "replicate", maintain_order=True)

    @cached_property
    def surface(self) -> Surface:
        """A row for each cell, and what can be drawn of it."""
        path = self.folder / "surface.parquet"
        if not path.is_file():
            raise CritmassError(f"{self.folder}: no surface.parquet: critmass summarize {self.folder} writes it")
        return Surface(self, pl.read_parquet(path))

    def boundary(self, level: float = 0.5) -> Boundary:
        """Where the outage probability would reach a level if there were ever more clients: what `critmass boundary` has put
        into the folder as `boundary.parquet`.

        Args:
            level: the outage probability, in whole hundredths.

        Raises:
            CritmassError: there is none, or it is not where this sweep turns along one of its axes.
        """
        return boundary(self, level)

    def trace(self, cell: int, replicate: int = 0) -> Trace:
        """The time series of one run: the one that was kept, or else that of the same run, made again.

        Raises:
            CritmassError: the sweep has no such run.
        """
        rows = self._kept_trace(cell, replicate)
        if rows is None:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "trace.parquet"
                call("simulate", self.folder, f"--cell={cell}", f"--replicate={replicate}", "--trace", file)
                rows = pl.read_parquet(file)
        title = ", ".join(f"{axis.name} = {shown(self._value(cell, axis))}" for axis in self.axes)
        return Trace(rows, self.columns, title)

    def _kept_trace(self, cell: int, replicate: int) -> pl.DataFrame | None:
        if self.manifest["traces"] is None:
            return None
        rows = self.traces.filter((pl.col("cell") == cell) & (pl.col("replicate") == replicate))
        return None if rows.is_empty() else rows.drop("cell", "replicate")

    def pair(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """A run that survived and one that did not, each as (cell, replicate), to be shown beside each other.

        Both come from the cell whose outage probability is nearest to one half: the survivor that was hit least, and the
        longest outage. Where no survivor of it has recovered, it is one of the safest cell; where no cell has both, the
        other is one of the most dangerous. None where there is none.
        """
        cells = self.runs.group_by("cell", maintain_order=True).agg(p=pl.col("outage").mean())
        mixed = cells.filter((pl.col("p") > 0) & (pl.col("p") < 1)).sort((pl.col("p") - 0.5).abs(), "cell")["cell"].to_list()
        by_probability = cells.sort("p", "cell")["cell"].to_list()
        alive = self.runs.filter(~pl.col("outage")).sort("min_online_fraction", descending=True, maintain_order=True)
        down = self.runs.filter(pl.col("outage")).sort("outage_h", descending=True, maintain_order=True)
        survivors = [alive.filter(pl.col("cell") == cell) for cell in (*mixed[:1], *by_probability[:1])]
        survivors = [rows for rows in survivors if not rows.is_empty()]
        healthy = [rows for rows in survivors if rows["recovered"][0]] or survivors
        lost = down.filter(pl.col("cell") == (mixed[:1] or by_probability[-1:] or [-1])[0])
        survivor = healthy[0] if healthy else lost.clear()
        return _first(survivor), _first(lost)

    def _value(self, cell: int, axis: Axis) -> Any:
        return self.runs.filter(pl.col("cell") == cell)[axis.name][0]

    def _clusters(self, runs: pl.DataFrame) -> Clusters:
        """Which runs belong together when cells are pooled: those that share their draws."""
        rule = self.manifest["replicates"]
        replicate, cell = (runs[name].to_numpy().astype(np.int64) for name in ("replicate", "cell"))
        # Sobol points of one block belong to each other.
        draws = replicate % rule["blocks"] if rule.get("sampling") == "sobol" else replicate
        return Clusters(draws if rule["common_random_numbers"] else draws + (cell << 32))

    def probability_by(self, column: str, bins: int = 5, confidence: float = 0.95) -> pl.DataFrame:
        """The share of runs with an outage in classes of a column, over all cells alike.

        Numbers with more different values than `bins` are cut into classes of about as many runs each. Only replicates that
        every cell has are taken: where cells stop early, the later ones are those of undecided cells alone. The interval is
        that of the bootstrap over replicates (percentile method, 1,000 samples, a fixed seed), since runs of different
        cells share their draws.

        Returns:
            `low` and `high` of the column in the class (or its `value`), `runs`, `outage_probability`,
            `outage_probability_low` and `outage_probability_high`.
        """
        shared = min(self.runs.group_by("cell").len()["len"].to_list(), default=0)
        runs = self.runs.filter(pl.col("replicate") < shared)
        values = runs[column]
        if values.dtype.is_numeric() and values.n_unique() > bins:
            edges = np.unique(np.quantile(values.drop_nulls().to_numpy(), np.linspace(0, 1, bins + 1)))
            classes = np.clip(np.searchsorted(edges, values.to_numpy(), side="right") - 1, 0, len(edges) - 2)
            keys = [{"low": float(low), "high": float(high)} for low, high in zip(edges[:-1], edges[1:])]
        else:
            words = values.unique(maintain_order=True).sort().to_list()
            classes = np.array([words.index(value) for value in values.to_list()])
            keys = [{"value": value} for value in words]
        outage = runs["outage"].to_numpy().astype(float)
        estimate, low, high = self._clusters(runs).shares(outage, classes, len(keys), confidence)
        counts = np.bincount(classes, minlength=len(keys))
        return pl.DataFrame([
            {**key, "runs": int(n), "outage_probability": p, "outage_probability_low": a, "outage_probability_high": b}
            for key, n, p, a, b in zip(keys, counts, estimate, low, high)
        ])

    def importance(self, pairs: int = 0) -> pl.DataFrame:
        """Which uncertain inputs decide whether there is an outage: `critmass sensitivity`.

        Args:
            pairs: how many runs are made again, once with another seed and once with another draw of each input; they give
                the share of pure chance, and what an input does together with others, which are null without.

        Raises:
            CritmassError: the sweep has no uncertain inputs, or no run yet.
        """
        rows = call_json("sensitivity", self.folder, f"--pairs={pairs}", "--format", "json")
        return pl.DataFrame(rows, infer_schema_length=None)


def _first(runs: pl.DataFrame) -> tuple[int, int] | None:
    return None if runs.is_empty() else (int(runs["cell"][0]), int(runs["replicate"][0]))


def load(folder: str | os.PathLike[str]) -> Results:
    """The results in the folder of a sweep, finished or not.

    Raises:
        CritmassError: the folder is none of a sweep.
    """
    return Results(folder)


def _axis(axis: dict[str, Any]) -> Axis:
    if "variants" in axis:
        return Axis(axis["name"], [variant["label"] for variant in axis["variants"]], False)
    # JSON has no infinity: there it is a word, which no parameter has among its choices.
    values = [math.inf if value == "inf" else value for value in axis["values"]]
    return Axis(axis["name"], values, axis["logarithmic"])
