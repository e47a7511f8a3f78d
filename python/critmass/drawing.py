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
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from .program import CritmassError

if TYPE_CHECKING:
    from .boundary import Boundary
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
# The limit of ever more clients, as in the report; and the ends of its interval.
LIMIT: dict[str, Any] = {"color": COLOURS[2], "lw": 3.4, "ls": (0, (3, 1.2))}
LIMIT_ENDS: dict[str, Any] = {"color": COLOURS[2], "lw": 1.4, "ls": (0, (1, 1.2))}


def shown(value: Any) -> str:
    """A value as on a tick: three digits, and no more."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def surface(of: Surface, column: str, at: dict[str, Any], level: float | None, limit: Boundary | None,
            axes: Axes | None) -> Figure:
    """The surface of a column: a curve, a map, or maps, with the line of the limit of ever more clients."""
    free = [axis for axis in of.axes if axis.name not in at]
    frame = of.at(at)
    # Where its axis is held, or has a map for each value, it is no line.
    limit = limit if limit is not None and limit.along in (axis.name for axis in free[-2:]) else None
    if not free:
        raise CritmassError("nothing is left to draw along: every axis is held")
    if len(free) == 1:
        panel = axes if axes is not None else _panel((7, 4.2))
        _curve(panel, of, frame, free[0], column, limit)
        return figure_of(panel)
    if not of.results.is_grid:
        return _dots(axes if axes is not None else _panel((6.6, 4.4)), of, frame, free, column)
    line = level if column == PROBABILITY and free[-1].numeric and free[-2].numeric else None
    scale = _scale(frame, column)
    if len(free) == 2:
        panel = axes if axes is not None else _panel((6.6, 4.4))
        mesh = _map(panel, of, frame, free, column, scale, line)
        _bar(figure_of(panel), mesh, panel, of, column, line)
        if limit is not None:
            _legend(figure_of(panel) if axes is None else panel, limit, _limit(panel, of, frame, free, limit))
        return figure_of(panel)
    return _facets(of, frame, free, column, scale, line, limit)


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


def _curve(panel: Axes, of: Surface, frame: pl.DataFrame, axis: Axis, column: str, limit: Boundary | None) -> None:
    places = _places(axis)
    values = _grid(frame, [axis], column)
    if {f"{column}_low", f"{column}_high"} <= set(frame.columns):
        ends = [_grid(frame, [axis], f"{column}{end}") for end in ("_low", "_high")]
        bars = np.clip([values - ends[0], ends[1] - values], 0, None)
        confidence = of.results.manifest["replicates"]["confidence"]
        panel.errorbar(places, values, yerr=bars, fmt="o-" if axis.numeric else "o", ms=4, capsize=2, color=COLOURS[0],
                       label=f"with its {confidence:.0%} interval")
        if limit is not None:
            _limit_of_a_curve(panel, _lines_of(limit, of, frame, [axis]), limit, places)
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
                panel.contour(x, y, ends, levels=[level], colors="black", linewidths=0.8, linestyles="dashed", zorder=3)
        panel.contour(x, y, values, levels=[level], colors="white", linewidths=3.2)
        # Above the line of the limit, which is broader: both are seen where they lie on each other.
        panel.contour(x, y, values, levels=[level], colors="black", linewidths=1.8, zorder=3)
    _ticks(panel.xaxis, panel.set_xscale, across, x, of.results.columns[across.name].label)
    _ticks(panel.yaxis, panel.set_yscale, down, y, of.results.columns[down.name].label)
    return mesh


def _lines_of(limit: Boundary, of: Surface, frame: pl.DataFrame, free: list[Axis]) -> pl.DataFrame:
    """The lines of the limit that belong to cells in which all other axes are held."""
    held = [axis.name for axis in of.axes if axis not in free]
    lines = limit.frame.cast({name: frame.schema[name] for name in held})
    return lines.join(frame.select(held).unique(), on=held, how="semi") if held else lines


def _limit(panel: Axes, of: Surface, frame: pl.DataFrame, free: list[Axis], limit: Boundary) -> bool:
    """Draws where the limit is on a map of which one axis is its own; returns whether it is anywhere."""
    along, other = sorted(free, key=lambda axis: axis.name != limit.along)
    lines = _lines_of(limit, of, frame, free)
    across = rows_of(other)
    # Beside words nothing lies between two rows: each has a line of its own, from border to border.
    is_joined = other.numeric and len(across) > 1
    if not is_joined:
        borders = _edges(across, other)
        across = np.column_stack([borders[:-1], borders[1:], borders[1:]]).ravel()
    for name, style in (("low", LIMIT_ENDS), ("high", LIMIT_ENDS), ("crossing", LIMIT)):
        places = between_rows(along, _grid(lines, [other], name))
        if not is_joined:
            places = np.column_stack([places, places, np.full_like(places, np.nan)]).ravel()
        x, y = (places, across) if along is free[1] else (across, places)
        panel.plot(x, y, color="white", lw=style["lw"] + 1.6, scalex=False, scaley=False)
        panel.plot(x, y, scalex=False, scaley=False, **style)
    return lines["crossing"].count() > 0


def _limit_of_a_curve(panel: Axes, lines: pl.DataFrame, limit: Boundary, places: np.ndarray) -> None:
    """Where the limit reaches the level. An interval with one end reaches to the border beyond the other."""
    if lines.is_empty():
        return
    crossing, low, high = lines.select("crossing", "low", "high").row(0)
    if crossing is None:
        return
    ends = [low, high] if low is None and high is None else [places.min() if low is None else low, places.max() if high is None else high]
    bars = None if ends[0] is None else [[crossing - ends[0]], [ends[1] - crossing]]
    panel.errorbar([crossing], [limit.level], xerr=bars, fmt="D", ms=5, capsize=3, lw=1.6, color=COLOURS[2], zorder=3,
                   label=_in_two_lines(_words_of(limit)))


def _words_of(limit: Boundary) -> str:
    odd = " (not monotone)" if limit.frame["not_monotone"].sum() else ""
    return f"{limit.level:g} in the limit of ever more clients{odd}"


def _in_two_lines(words: str) -> str:
    """For a legend within a panel, which may be narrow."""
    return words.replace(" of", "\nof")


def _legend(where: Figure | Axes, limit: Boundary, is_anywhere: bool) -> None:
    """Says what the line of the limit is: below a figure, or within the panel of somebody else's."""
    has_intervals = limit.frame["low"].count() + limit.frame["high"].count() > 0
    words = _words_of(limit) + ("" if is_anywhere else ": nowhere")
    handles = [Line2D([], [], label=words if isinstance(where, Figure) else _in_two_lines(words), **LIMIT)]
    handles += [Line2D([], [], label=f"its {limit.confidence:.0%} interval", **LIMIT_ENDS)] * has_intervals
    if isinstance(where, Figure):
        where.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=9, frameon=False, handlelength=3)
    else:
        where.legend(handles=handles, loc="best", fontsize=7, framealpha=0.9, handlelength=3)


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
            level: float | None, limit: Boundary | None) -> Figure:
    outer, inner = free[:-2], free[-2:]
    chosen = list(product(*(axis.values for axis in outer)))
    if len(chosen) > FACETS_MAX:
        names = ", ".join(axis.name for axis in outer)
        raise CritmassError(f"{len(chosen)} maps are too many to look at: hold some of {names} with at=")
    wide = min(len(chosen), 3)
    high = -(-len(chosen) // wide)
    figure, grid = plt.subplots(high, wide, figsize=(4.2 * wide + 0.8, 3.6 * high), squeeze=False, sharex=True, sharey=True,
                                layout="constrained")
    is_anywhere = False
    for panel in grid.flat[len(chosen):]:
        panel.set_visible(False)
    for panel, values in zip(grid.flat, chosen):
        held = {axis.name: value for axis, value in zip(outer, values)}
        cells = frame
        for name, value in held.items():
            cells = cells.filter(pl.col(name) == value)
        mesh = _map(panel, of, cells, inner, column, scale, level)
        if limit is not None:
            is_anywhere |= _limit(panel, of, cells, inner, limit)
        panel.set_title(", ".join(f"{of.results.columns[n].label}: {shown(v)}" for n, v in held.items()), fontsize=9)
        panel.label_outer()
    _bar(figure, mesh, list(grid.flat), of, column, level)
    if limit is not None:
        _legend(figure, limit, is_anywhere)
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


def between_rows(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Where values that lie between the points of an axis are on a map."""
    places = _places(axis)
    order = np.argsort(places)
    return np.asarray(np.interp(values, places[order], rows_of(axis)[order]))


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
