"""The line of the limit of ever more clients: read from the folder of a sweep, and drawn over its surface."""

import shutil
import warnings

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
import pytest
from conftest import SWEEPS
from matplotlib.colors import to_hex

import critmass
from critmass.drawing import COLOURS, _limit_of_a_curve
from critmass.program import call, call_json

THREE_AXES = next(path for path in SWEEPS if path.stem == "three-axes")
SHARE, RATIO = "updates.synchronization", "overlay.supernode_ratio"
WORDS = "0.5 in the limit of ever more clients"

# Who crashes while nobody can log in stays away for as long as that lasts: the outcome turns twice.
TWICE = """
name = "twice"
[scenario]
population.clients = 2_000
time.tick_s = 20.0
time.horizon_h = 18.0
updates.patched_fraction = 0.0
login.capacity_per_s_per_million = inf
[[scenario.shock]]
name = "crash"
at_h = 12.0
client_fraction = 1.0
[[scenario.intervention]]
at_h = 13.0
login.capacity_per_s_per_million = 0.001
[[scenario.intervention]]
at_h = 15.0
login.capacity_per_s_per_million = inf
[[axis]]
parameter = "shock.crash.at_h"
values = [11.0, 16.0]
[replicates]
at_least = 2
at_most = 2
"""


def put(sweep, folder, along, *more):
    call("boundary", sweep, "--along", along, "--out", folder / "boundary.parquet", *more)
    return critmass.load(folder)


@pytest.fixture(scope="module")
def limited(results, tmp_path_factory):
    """A folder with the line of its sweep."""
    folder = tmp_path_factory.mktemp("limited") / "three-axes"
    shutil.copytree(results["three-axes"].folder, folder)
    return put(THREE_AXES, folder, SHARE, "--draws", "12")


def lines(panel):
    """What is drawn on a map in the colour of the limit: where, and between which ends."""
    low, high, crossing = [line for line in panel.lines if to_hex(line.get_color()) == COLOURS[2].lower()]
    return crossing, low, high


def legend(figure):
    return [text.get_text() for where in (*figure.legends, *(panel.get_legend() for panel in figure.axes)) if where
            for text in where.get_texts()]


def test_the_line_is_that_of_the_program(limited):
    line = limited.boundary()
    assert (line.along, line.level, line.confidence, line.note) == (SHARE, 0.5, 0.95, "")
    rows = [row for row in call_json("boundary", limited.folder, "--format", "json") if row["outage_probability"] == 0.5]
    assert line.frame.height == len(rows) == 6
    for row, of in zip(line.frame.iter_rows(named=True), rows):
        assert [row["remedy"], row[RATIO]] == [of["remedy"], of[RATIO]]
        assert [row["crossing"], row["low"], row["high"]] == [of[SHARE], of[f"{SHARE}_low"], of[f"{SHARE}_high"]]
        assert (row["draws"], row["turning"], row["rises"]) == (12, of["turning"], of["rises"])
    without = line.frame.filter(remedy="none")
    assert without["crossing"].is_between(without["low"], without["high"]).all() and without["rises"].all()
    lower = limited.boundary(0.29).frame.filter(remedy="none")
    assert (lower["crossing"] < without["crossing"]).all()
    assert "0.5 along updates.synchronization" in repr(line)
    with pytest.raises(critmass.CritmassError, match="whole hundredths"):
        limited.boundary(0.305)


def test_each_map_has_the_line_of_its_cells_with_its_interval(limited):
    figure = limited.surface.plot()
    line = limited.boundary().frame
    for panel, remedy in zip(figure.axes, ("none", "drops")):
        of = line.filter(remedy=remedy)
        for drawn, name in zip(lines(panel), ("crossing", "low", "high")):
            assert np.allclose(drawn.get_xdata(), of[name].to_numpy(), equal_nan=True)
            assert np.allclose(drawn.get_ydata(), of[RATIO].to_numpy())
    assert line.filter(remedy="none")["crossing"].is_not_null().all() and legend(figure) == [WORDS, "its 95% interval"]
    assert figure.axes[0].get_xlim() == critmass.load(limited.folder).surface.plot(level=None).axes[0].get_xlim()
    lower = limited.surface.plot(level=0.25, at={"remedy": "none"})
    drawn = lines(lower.axes[0])[0].get_xdata()
    assert np.allclose(drawn, limited.boundary(0.25).frame.filter(remedy="none")["crossing"].to_numpy())
    assert legend(lower)[0] == "0.25 in the limit of ever more clients"
    plt.close("all")


def test_beside_words_each_row_has_a_line_of_its_own(limited):
    ratio = limited.surface.axis(RATIO).values[0]
    panel = limited.surface.plot(at={RATIO: ratio}).axes[0]
    of = limited.boundary().frame.filter(remedy="none", **{RATIO: ratio})
    for drawn, name in zip(lines(panel), ("crossing", "low", "high")):
        assert np.allclose(drawn.get_xdata()[:2], of[name][0]) and np.isnan(drawn.get_xdata()[2:]).all()
        assert list(drawn.get_ydata()[:2]) == [-0.5, 0.5]
    plt.close("all")


def test_a_curve_has_the_point_at_which_the_limit_reaches_the_level(limited):
    held = {"remedy": "none", RATIO: limited.surface.axis(RATIO).values[0]}
    of = limited.boundary().frame.filter(remedy="none", **{RATIO: held[RATIO]})
    panel = limited.surface.plot(at=held).axes[0]
    _, point = panel.containers
    assert point.get_label().replace("\n", " ") == WORDS
    assert point.lines[0].get_xydata().tolist() == [[of["crossing"][0], 0.5]]
    ends = point.lines[2][0].get_segments()[0]
    assert np.allclose(ends, [[of["low"][0], 0.5], [of["high"][0], 0.5]])
    assert len(limited.surface.plot(at={**held, "remedy": "drops"}).axes[0].containers) == 1
    plt.close("all")


def test_there_is_no_line_where_none_belongs(limited, results):
    surface = limited.surface
    for figure in (surface.plot("outage_h"), surface.plot(level=None), surface.plot(at={SHARE: 0.0}), surface.plot_uncertainty({"remedy": "none"})):
        assert legend(figure) == [] and not any(panel.lines for panel in figure.axes[:-1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert legend(results["three-axes"].surface.plot()) == []
    with pytest.raises(critmass.CritmassError, match="there is no boundary.parquet; it is made by critmass boundary"):
        results["three-axes"].boundary()
    plt.close("all")


def test_a_line_that_is_nowhere_says_so(limited):
    assert limited.boundary().frame.filter(remedy="drops")["crossing"].null_count() == 3
    assert legend(limited.surface.plot(at={"remedy": "drops"}))[0] == f"{WORDS}: nowhere"
    plt.close("all")


def test_a_panel_of_somebody_else_has_the_legend_within(limited):
    _, (left, right) = plt.subplots(1, 2)
    limited.surface.plot(at={"remedy": "none"}, axes=left)
    words = left.get_legend().get_texts()[0].get_text()
    assert words.replace("\n", " ") == WORDS and not left.figure.legends and not right.lines
    plt.close("all")


def test_the_line_may_be_along_the_axis_that_goes_up(limited, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(limited.folder, folder)
    of = put(THREE_AXES, folder, RATIO, "--draws", "30")
    line = of.boundary(0.75)
    assert line.along == RATIO and line.frame.columns[:2] == ["remedy", SHARE]
    drawn = lines(of.surface.plot(at={"remedy": "none"}, level=0.75).axes[0])
    for one, name in zip(drawn, ("crossing", "low", "high")):
        assert np.allclose(one.get_ydata(), line.frame.filter(remedy="none")[name].to_numpy(), equal_nan=True)
        assert np.allclose(one.get_xdata(), line.frame.filter(remedy="none")[SHARE].to_numpy())
    assert np.isfinite(drawn[0].get_ydata()).any()
    plt.close("all")


def test_beside_a_curve_without_a_line_nothing_is_drawn(limited):
    panel = plt.figure().subplots()
    none = pl.DataFrame(schema=dict.fromkeys(("crossing", "low", "high"), pl.Float64))
    _limit_of_a_curve(panel, none, limited.boundary(0.5), np.array([0.0, 1.0]))
    assert not panel.has_data()
    plt.close("all")


def test_a_line_of_another_sweep_is_not_drawn_and_the_program_says_why(limited, tmp_path):
    folder = tmp_path / "stale"
    shutil.copytree(limited.folder, folder)
    of = put(THREE_AXES, folder, SHARE, "--draws", "2", "--set", "time.horizon_h=14.5")
    words = "boundary.parquet is not shown: it is not where this sweep turns along one of its axes"
    with pytest.raises(critmass.CritmassError, match=words):
        of.boundary()
    with pytest.warns(UserWarning, match=words):
        figure = of.surface.plot()
    assert legend(figure) == []
    plt.close("all")


def test_a_line_that_turns_twice_says_so_in_the_words_of_the_program(tmp_path):
    sweep = tmp_path / "twice.toml"
    sweep.write_text(TWICE)
    critmass.run(sweep, tmp_path / "twice")
    of = put(sweep, tmp_path / "twice", "shock.crash.at_h", "--probes", "11")
    words = "Not monotone: 1 of all draws turn more than once, or the other way than most; the first turn counts."
    assert of.boundary().note == words and words in repr(of.boundary())
    with pytest.warns(UserWarning, match=words):
        figure = of.surface.plot()
    assert f"{WORDS} (not monotone)" in [text.replace("\n", " ") for text in legend(figure)]
    plt.close("all")
