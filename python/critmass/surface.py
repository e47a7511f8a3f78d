"""The surface of a sweep: what its cells say, drawn and cut."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import drawing
from .boundary import FILE, Boundary
from .program import CritmassError, call_json

if TYPE_CHECKING:
    from .results import Axis, Results

PROBABILITY = "outage_probability"


class Surface:
    """A row for each cell in `frame`; the levers are `axes` of the results that it belongs to."""

    def __init__(self, results: Results, frame: pl.DataFrame) -> None:
        self.results = results
        self.frame = frame

    def __repr__(self) -> str:
        return f"<surface of {self.frame.height} cells, {self.frame['replicates'].sum()} runs>\n{self.frame!r}"

    @property
    def axes(self) -> list[Axis]:
        """The levers."""
        return self.results.axes

    def axis(self, name: str) -> Axis:
        """The lever of that name.

        Raises:
            CritmassError: there is none.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise CritmassError(f"{name} is no axis of this sweep; its axes: {', '.join(a.name for a in self.axes) or 'none'}")

    def at(self, values: Mapping[str, Any]) -> pl.DataFrame:
        """The cells where the named levers have these values.

        Raises:
            CritmassError: a name is no axis, or no cell has the value.
        """
        frame = self.frame
        for name, value in values.items():
            axis = self.axis(name)
            # As it is shown, too: who reads 0.0219 on an axis may say so.
            same = [v for v in axis.values if v == value] or [v for v in axis.values if drawing.shown(v) == drawing.shown(value)]
            found = frame.filter(pl.col(name).is_in(same))
            if found.is_empty():
                known = ", ".join(drawing.shown(v) for v in axis.values)
                raise CritmassError(f"no cell with {name} = {value}; it is one of {known}")
            frame = found
        return frame

    def column(self, output: str | None = None, statistic: str | None = None) -> str:
        """The column of a statistic of an output; without an output the outage probability.

        Raises:
            CritmassError: there is no such column.
        """
        if output is None or output in ("outage", PROBABILITY):
            return PROBABILITY
        name = f"{output}_{statistic or 'mean'}"
        if name not in self.frame.columns:
            ends = ("_mean", "_sd", "_q05", "_q50", "_q95")
            outputs = sorted({c[: -len(e)] for c in self.frame.columns for e in ends if c.endswith(e)})
            raise CritmassError(f"no column {name}; outputs: {', '.join(outputs)}; statistics: mean, sd, q05, q50, q95")
        return name

    def slice(self, axis: str | None = None, at: Mapping[str, Any] | None = None, output: str | None = None,
              statistic: str | None = None) -> pl.DataFrame:
        """Cells along one axis, with the column of an output and the ends of its interval where it has one.

        Args:
            axis: the lever to go along; the last one unless said.
            at: values of the other levers; those that are not named stay free, as columns.
            output: an output of the runs; the outage probability unless said.
            statistic: `mean`, `sd`, `q05`, `q50` or `q95` of the output.
        """
        frame = self.at(at or {})
        name = self.column(output, statistic)
        along = self.axis(axis) if axis is not None else self._last_axis()
        others = [a.name for a in self.axes if a.name != along.name]
        ends = [end for end in (f"{name}_low", f"{name}_high") if end in frame.columns]
        return frame.select(*others, along.name, "replicates", name, *ends).sort(*others, along.name, maintain_order=True)

    def _last_axis(self) -> Axis:
        if not self.axes:
            raise CritmassError("this sweep has no axis: its surface is one cell")
        return self.axes[-1]

    def threshold(self, axis: str | None = None, level: float = 0.5) -> pl.DataFrame:
        """Where the outage probability crosses a level along an axis, for each value of the other levers: what `critmass
        crossings` says.

        A line without a crossing has a row as well; one with several has a row for each. The interval reaches from the last
        point that is surely on one side to the first that is surely on the other. It needs no independence of the cells.

        Returns:
            The other levers; `crossing`, `low` and `high` in units of the axis, null where there is none; `direction`:
            `rises` or `falls`; `surely`: `above` or `below` if the whole line is.
        """
        along = self.axis(axis) if axis is not None else self._last_axis()
        if not along.numeric:
            raise CritmassError(f"{along.name} has nothing between its points: they are no numbers")
        return self._crossings(along, level)

    def _crossings(self, along: Axis, level: float) -> pl.DataFrame:
        said = call_json("crossings", self.results.folder, f"--level={level}", "--format", "json")
        lines: list[dict[str, Any]] = next((axis["lines"] for axis in said["axes"] if axis["along"] == along.name), [])
        nothing: dict[str, Any] = {"direction": None, "crossing": None, "low": None, "high": None}
        rows = [
            {**line["at"], **crossing, "surely": line["surely"]} for line in lines for crossing in line["crossings"] or [nothing]
        ]
        frame = pl.DataFrame(rows, infer_schema_length=None)
        return frame.with_columns(pl.col("crossing", "low", "high").cast(pl.Float64))

    def plot(self, output: str | None = None, statistic: str | None = None, at: Mapping[str, Any] | None = None,
             level: float | None = 0.5, axes: Axes | None = None) -> Figure:
        """A picture of the surface: a curve with its interval for one lever, a map for two, a map for each value of the
        others for more; of a design that is no grid, a dot for each cell over the last two.

        Args:
            output, statistic: see `slice`.
            at: values of levers that are held.
            level: the outage probability at which a line is drawn on a map, with the band in which it lies; and if
                `boundary.parquet` lies in the folder, where it is in the limit of ever more clients, with its interval. What
                there is to be said against that is a warning.
            axes: where to draw, if it is one picture; else a figure is made.
        """
        column = self.column(output, statistic)
        limit = self._limit(level) if column == PROBABILITY and level is not None else None
        return drawing.surface(self, column, dict(at or {}), level, limit, axes)

    def _limit(self, level: float) -> Boundary | None:
        """Where the limit of ever more clients is at the level, if it can be shown."""
        if not (self.results.folder / FILE).is_file():
            return None
        try:
            limit = self.results.boundary(level)
        except CritmassError as error:
            warnings.warn(str(error), stacklevel=3)
            return None
        if limit.note:
            warnings.warn(limit.note, stacklevel=3)
        return limit

    def plot_uncertainty(self, at: Mapping[str, Any] | None = None, axes: Axes | None = None) -> Figure:
        """How well the outage probability is known: half of the width of its interval, on the same scale always."""
        return drawing.uncertainty(self, dict(at or {}), axes)

