"""How surfaces are drawn: words and units on the axes, colours that survive print and colour blindness, and the same scale
for the same quantity in every figure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from .program import CritmassError

if TYPE_CHECKING:
    from .results import Axis
    from .surface import Surface

# Okabe and Ito's palette, in an order in which neighbours differ in lightness as well.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
# A probability: its lightness falls from 0 to 1. How well it is known: grey, from 0 to one half.
PROBABILITIES = "cividis_r"
UNCERTAINTY = "Greys"
FACETS_MAX = 12
# So many points of an axis have a label each.
LABELS_MAX = 12
PROBABILITY = "outage_probability"


def shown(value: Any) -> str:
    """A value as on a tick: three digits, and no more."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def surface(of: Surface, column: str, at: dict[str, Any], level: float | None, axes: Axes | None) -> Figure:
    """The surface of a column: a curve, a map, or maps."""
    free = [axis for axis in of.axes if axis.name not in at]
    frame = of.at(at)
    if not free:
        raise CritmassError("nothing is left to draw along: every axis is held")
    if len(free) == 1:
        panel = axes if axes is not None else _panel((7, 4.2))
        _curve(panel, of, frame, free[0], column)
        return figure_of(panel)
    if not of.results.is_grid:
        return _dots(axes if axes is not None else _panel((6.6, 4.4)), of, frame, free, column)
    line = level if column == PROBABILITY and free[-1].numeric and free[-2].numeric else None
    scale = _scale(frame, column)
    if len(free) == 2:
        panel = axes if axes is not None else _panel((6.6, 4.4))
        mesh = _map(panel, of, frame, free, column, scale, line)
        _bar(figure_of(panel), mesh, panel, of, column, line)
        return figure_of(panel)
    return _facets(of, frame, free, column, scale, line)


def uncertainty(of: Surface, at: dict[str, Any], axes: Axes | None) -> Figure:
    """A map of half of the width of the intervals."""
    half = ((pl.col(f"{PROBABILITY}_high") - pl.col(f"{PROBABILITY}_low")) / 2).alias("half_width")
    frame = of.at(at).with_columns(half)
    free = [axis for axis in of.axes if axis.name not in at]
    if not of.results.is_grid:
        raise CritmassError("the cells of this design are no grid, of which a map could be drawn: see surface.frame")
    if len(free) != 2:
        raise CritmassError(f"this is a map of two axes, and {len(free)} are free: hold others with at=")
    panel = axes if axes is not None else _panel((6.6, 4.4))
    mesh = _map(panel, of, frame, free, "half_width", {"cmap": UNCERTAINTY, "vmin": 0.0, "vmax": 0.5}, None)
    confidence = of.results.manifest["replicates"]["confidence"]
    figure_of(panel).colorbar(mesh, ax=panel, label=f"outage probability: half width of its {confidence:.0%} interval")
    return figure_of(panel)


def _panel(size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1]


def figure_of(panel: Axes) -> Figure:
    """The figure that a panel is in, also within a part of it."""
    figure = panel.figure
    return figure if isinstance(figure, Figure) else figure.figure


def _scale(frame: pl.DataFrame, column: str) -> dict[str, Any]:
    if column == PROBABILITY:
        return {"cmap": PROBABILITIES, "vmin": 0.0, "vmax": 1.0}
    values = frame[column].drop_nulls()
    return {"cmap": "viridis", "vmin": values.min(), "vmax": values.max()}


def _words(of: Surface, column: str) -> str:
    if column == PROBABILITY:
        return "outage probability"
    output, _, statistic = column.rpartition("_")
    words = {"mean": "mean", "sd": "standard deviation", "q05": "5 % quantile", "q50": "median", "q95": "95 % quantile"}
    return f"{of.results.columns[output].label}, {words.get(statistic, statistic)}"


def _curve(panel: Axes, of: Surface, frame: pl.DataFrame, axis: Axis, column: str) -> None:
    places = _places(axis)
    values = _grid(frame, [axis], column)
    if {f"{column}_low", f"{column}_high"} <= set(frame.columns):
        ends = [_grid(frame, [axis], f"{column}{end}") for end in ("_low", "_high")]
        bars = np.clip([values - ends[0], ends[1] - values], 0, None)
        confidence = of.results.manifest["replicates"]["confidence"]
        panel.errorbar(places, values, yerr=bars, fmt="o-" if axis.numeric else "o", ms=4, capsize=2, color=COLOURS[0],
                       label=f"with its {confidence:.0%} interval")
        panel.legend(fontsize=8, frameon=False)
    else:
        panel.plot(places, values, "o-" if axis.numeric else "o", ms=4, color=COLOURS[0])
    if column == PROBABILITY:
        panel.set_ylim(-0.03, 1.03)
        panel.axhline(0.5, color="0.6", lw=0.8)
    panel.set_ylabel(_words(of, column))
    _ticks(panel.xaxis, panel.set_xscale, axis, places, of.results.columns[axis.name].label)


def _map(panel: Axes, of: Surface, frame: pl.DataFrame, free: list[Axis], column: str, scale: dict[str, Any],
         level: float | None) -> QuadMesh:
    down, across = free
    values = _grid(frame, free, column)
    x, y = rows_of(across), rows_of(down)
    panel.set_facecolor("0.85")
    mesh = panel.pcolormesh(_edges(x, across), _edges(y, down), values, **scale)
    if level is not None and np.nanmin(values) < level < np.nanmax(values):
        # Where the intervals of the cells hold the level, the line may lie.
        for ends in (_grid(frame, free, f"{PROBABILITY}{end}") for end in ("_low", "_high")):
            if np.nanmin(ends) < level < np.nanmax(ends):
                panel.contour(x, y, ends, levels=[level], colors="black", linewidths=0.8, linestyles="dashed")
        panel.contour(x, y, values, levels=[level], colors="white", linewidths=3.2)
        panel.contour(x, y, values, levels=[level], colors="black", linewidths=1.8)
    _ticks(panel.xaxis, panel.set_xscale, across, x, of.results.columns[across.name].label)
    _ticks(panel.yaxis, panel.set_yscale, down, y, of.results.columns[down.name].label)
    return mesh


def _dots(panel: Axes, of: Surface, frame: pl.DataFrame, free: list[Axis], column: str) -> Figure:
    """The cells of a design that is no grid, over the last two axes: a dot each."""
    down, across = free[-2:]
    places = [dict(zip(axis.values, _places(axis))) for axis in (across, down)]
    x, y = ([place[value] for value in frame[axis.name]] for place, axis in zip(places, (across, down)))
    scale = _scale(frame, column)
    dots = panel.scatter(x, y, c=frame[column].cast(pl.Float64).fill_null(np.nan), s=45, edgecolors="0.3", linewidths=0.5, **scale)
    _ticks(panel.xaxis, panel.set_xscale, across, _places(across), of.results.columns[across.name].label)
    _ticks(panel.yaxis, panel.set_yscale, down, _places(down), of.results.columns[down.name].label)
    _bar(figure_of(panel), dots, panel, of, column, None)
    return figure_of(panel)


def _bar(figure: Figure, mesh: QuadMesh | PathCollection, panels: Axes | list[Axes], of: Surface, column: str, level: float | None) -> None:
    words = _words(of, column)
    if level is not None:
        confidence = of.results.manifest["replicates"]["confidence"]
        words += f"\n(line: {level:g}; dashed: its {confidence:.0%} band)"
    figure.colorbar(mesh, ax=panels, label=words)


def _facets(of: Surface, frame: pl.DataFrame, free: list[Axis], column: str, scale: dict[str, Any],
            level: float | None) -> Figure:
    outer, inner = free[:-2], free[-2:]
    chosen = list(product(*(axis.values for axis in outer)))
    if len(chosen) > FACETS_MAX:
        names = ", ".join(axis.name for axis in outer)
        raise CritmassError(f"{len(chosen)} maps are too many to look at: hold some of {names} with at=")
    wide = min(len(chosen), 3)
    high = -(-len(chosen) // wide)
    figure, grid = plt.subplots(high, wide, figsize=(4.2 * wide + 0.8, 3.6 * high), squeeze=False, sharex=True, sharey=True,
                                layout="constrained")
    for panel in grid.flat[len(chosen):]:
        panel.set_visible(False)
    for panel, values in zip(grid.flat, chosen):
        held = {axis.name: value for axis, value in zip(outer, values)}
        cells = frame
        for name, value in held.items():
            cells = cells.filter(pl.col(name) == value)
        mesh = _map(panel, of, cells, inner, column, scale, level)
        panel.set_title(", ".join(f"{of.results.columns[n].label}: {shown(v)}" for n, v in held.items()), fontsize=9)
        panel.label_outer()
    _bar(figure, mesh, list(grid.flat), of, column, level)
    return figure


def _grid(frame: pl.DataFrame, free: list[Axis], column: str) -> np.ndarray:
    """A column of the cells by the places of their values on the axes; NaN where there is no cell or no value."""
    grid = np.full([len(axis.values) for axis in free], np.nan)
    places = [{value: place for place, value in enumerate(axis.values)} for axis in free]
    values = frame[column].cast(pl.Float64).fill_null(np.nan)
    for value, *at in zip(values, *(frame[axis.name] for axis in free)):
        grid[tuple(place[own] for place, own in zip(places, at))] = value
    return grid


def _places(axis: Axis) -> np.ndarray:
    return np.array(axis.values, dtype=float) if axis.numeric else np.arange(len(axis.values), dtype=float)


def rows_of(axis: Axis) -> np.ndarray:
    """Where the cells of a map are along an axis: rows of equal height where some would be too low for their labels."""
    places = _places(axis)
    gaps = np.diff(np.sort(places))
    crowded = len(gaps) > 1 and not _logarithmic(axis) and len(places) <= LABELS_MAX and gaps.min() < 0.5 * np.ptp(places) / LABELS_MAX
    return np.arange(len(places), dtype=float) if crowded else places


def _edges(places: np.ndarray, axis: Axis) -> np.ndarray:
    """Borders of the cells of a map, half way between neighbours."""
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    at = np.log(places) if _logarithmic(axis) else places
    middles = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middles[0]], middles, [2 * at[-1] - middles[-1]]])
    return np.exp(edges) if _logarithmic(axis) else edges


def _logarithmic(axis: Axis) -> bool:
    return axis.logarithmic and axis.numeric and min(axis.values) > 0


def _ticks(ticks: XAxis | YAxis, set_scale: Callable[[str], None], axis: Axis, places: np.ndarray, words: str) -> None:
    if _logarithmic(axis):
        set_scale("log")
        ticks.set_minor_locator(NullLocator())
    if not axis.numeric or len(places) <= LABELS_MAX:
        labels = [shown(value) for value in axis.values]
        ticks.set_ticks(places, labels)
        if ticks.axis_name == "x" and sum(map(len, labels)) > 60:
            ticks.set_tick_params(rotation=30)
    elif _logarithmic(axis):
        chosen = places[np.unique(np.linspace(0, len(places) - 1, 8).round().astype(int))]
        ticks.set_ticks(chosen, [shown(float(value)) for value in chosen])
    ticks.set_label_text(words)
