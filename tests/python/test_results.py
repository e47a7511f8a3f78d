"""Folders as frames, and what is drawn of them; runs through the program."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
import pytest

import critmass
from critmass.columns import Column
from critmass.drawing import between_rows, rows_of
from critmass.results import Axis


@pytest.mark.parametrize("name", ["no-axes", "one-axis", "three-axes", "words"])
def test_runs_and_surface_are_those_of_the_sweep(results, name):
    of = results[name]
    cells = of.surface.frame
    assert of.runs.height == 6 * cells.height == cells["replicates"].sum()
    shares = of.runs.group_by("cell", maintain_order=True).agg(pl.col("outage").mean())["outage"]
    assert np.allclose(shares, cells["outage_probability"])
    assert [axis.name for axis in of.axes] == cells.columns[1 : 1 + len(of.axes)]
    for axis in of.axes:
        assert cells[axis.name].unique(maintain_order=True).to_list() == axis.values


@pytest.mark.parametrize("name", ["one-axis", "three-axes", "words"])
@pytest.mark.parametrize(("output", "statistic"), [(None, None), ("outage_h", "mean"), ("recovery_h", "q50")])
def test_surfaces_of_every_shape_are_drawn_in_words_with_units(results, name, output, statistic):
    of = results[name]
    figure = of.surface.plot(output, statistic)
    figure.canvas.draw()
    texts = {text.get_text() for text in figure.findobj(plt.Text)}
    assert of.columns[of.axes[-1].name].label in texts
    wanted = {None: "outage probability", "outage_h": "outage (h), mean", "recovery_h": "recovery (h), median"}[output]
    assert any(text.startswith(wanted) for text in texts), texts
    plt.close("all")


def test_cells_that_are_no_grid_are_a_dot_each(results):
    of = results["spread"]
    assert not of.is_grid and results["three-axes"].is_grid
    assert [len(axis.values) for axis in of.axes] == [8, 8, 2] and of.axes[0].logarithmic
    frame = of.surface.frame
    assert frame.height == 8 and of.runs.height == 48
    for axis in of.axes[:2]:
        assert sorted(frame[axis.name]) == axis.values
    figure = of.surface.plot()
    dots = figure.axes[0].collections[0]
    assert np.allclose(np.sort(dots.get_array()), np.sort(frame["outage_probability"]))
    assert sorted(dots.get_offsets()[:, 1]) == of.axes[1].values
    with pytest.raises(critmass.CritmassError, match="no grid"):
        of.surface.plot_uncertainty()
    with pytest.raises(critmass.CritmassError, match="no grid"):
        of.surface.threshold("updates.synchronization")
    of.probability_by("updates.synchronization")
    plt.close("all")


def test_three_axes_are_a_map_for_each_value_of_the_first(results):
    figure = results["three-axes"].surface.plot()
    titles = [panel.get_title() for panel in figure.axes if panel.get_title()]
    assert titles == ["remedy: none", "remedy: drops"]
    held = results["three-axes"].surface.plot(at={"remedy": "drops"})
    assert [panel.get_title() for panel in held.axes] == ["", ""]
    results["three-axes"].surface.plot_uncertainty(at={"remedy": "drops"})
    plt.close("all")


def test_a_map_shows_each_cell_where_it_belongs(results):
    of = results["three-axes"].surface
    figure = of.plot("outage_h", "mean", at={"remedy": "none"})
    drawn = figure.axes[0].collections[0].get_array().reshape(3, 4)
    cells = of.at({"remedy": "none"})
    for row, ratio in enumerate(results["three-axes"].axes[1].values):
        for column, share in enumerate(results["three-axes"].axes[2].values):
            cell = cells.filter((pl.col("overlay.supernode_ratio") == ratio) & (pl.col("updates.synchronization") == share))
            assert drawn[row, column] == cell["outage_h_mean"][0]
    plt.close("all")


def test_rows_that_are_too_low_for_their_labels_are_of_equal_height():
    ratios = [0.0135, 0.015, 0.02, 0.03, 0.06]
    assert list(rows_of(Axis("ratio", ratios, logarithmic=False))) == [0, 1, 2, 3, 4]
    assert list(rows_of(Axis("ratio", ratios[1:], logarithmic=False))) == ratios[1:]
    assert list(rows_of(Axis("ratio", ratios, logarithmic=True))) == ratios
    # What lies half way between two values lies half way between their rows.
    between = [0.01425, 0.0175, 0.045, np.nan]
    assert np.allclose(between_rows(Axis("ratio", ratios, logarithmic=False), between), [0.5, 1.5, 3.5, np.nan], equal_nan=True)
    assert np.allclose(between_rows(Axis("ratio", ratios, logarithmic=True), between), between, equal_nan=True)


def test_what_cannot_be_drawn_says_what_can(results):
    surface = results["three-axes"].surface
    for call, words in [
        (lambda: surface.plot("outages"), "outputs: "),
        (lambda: surface.at({"remedy": "hope"}), "it is one of none, drops"),
        (lambda: surface.at({"login.timeout_s": 1}), "its axes: remedy, overlay.supernode_ratio, updates.synchronization"),
        (lambda: surface.threshold("remedy"), "no numbers"),
        (lambda: results["no-axes"].surface.plot(), "nothing is left"),
    ]:
        with pytest.raises(critmass.CritmassError, match=words):
            call()


def test_a_cell_is_found_by_its_value_as_it_is_shown(results):
    surface = results["three-axes"].surface
    assert surface.at({"overlay.supernode_ratio": 0.0205}).height == 8
    assert surface.slice(at={"remedy": "none", "overlay.supernode_ratio": 0.0205})["updates.synchronization"].to_list() == [
        pytest.approx(share) for share in (0, 1 / 3, 2 / 3, 1)
    ]


def test_a_threshold_has_a_row_for_each_line(results):
    of = results["three-axes"].surface
    crossings = of.threshold()
    lines = crossings.select("remedy", "overlay.supernode_ratio").unique()
    assert lines.height == 6
    found = crossings.filter(pl.col("direction").is_not_null())
    assert found["crossing"].is_between(0, 1).all() and found.height > 0
    assert set(of.threshold("overlay.supernode_ratio").columns) >= {"remedy", "updates.synchronization", "crossing"}


def test_shares_by_an_input_take_all_cells_alike(results):
    of = results["three-axes"]
    classes = of.probability_by("updates.patched_fraction", bins=3)
    assert classes["runs"].sum() == of.runs.height
    total = (classes["runs"] * classes["outage_probability"]).sum() / classes["runs"].sum()
    assert total == pytest.approx(of.runs["outage"].mean())
    by_remedy = of.probability_by("remedy")
    assert by_remedy["value"].to_list() == ["drops", "none"]
    assert by_remedy["outage_probability"].to_list() == [
        pytest.approx(of.runs.filter(pl.col("remedy") == remedy)["outage"].mean()) for remedy in ("drops", "none")
    ]


def test_importance_names_the_inputs(results):
    rows = results["three-axes"].importance()
    assert set(rows["input"].drop_nulls()) == {"updates.patched_fraction"}
    assert set(rows.columns) == set(results["three-axes"].importance(pairs=20).columns)


def test_a_trace_that_was_not_kept_is_that_of_the_same_run(results):
    kept, of = results["words"], results["one-axis"]
    trace = kept.trace(1, 0)
    assert trace.frame["t_h"][1] - trace.frame["t_h"][0] == pytest.approx(300 / 3600)
    survivor, lost = of.pair()
    for run in (survivor, lost):
        if run is not None:
            figure = of.trace(*run).plot()
            assert [panel.get_ylabel() for panel in figure.axes] == ["clients", "super nodes", "requests"]
    plt.close("all")


def test_traces_side_by_side_share_an_axis_that_holds_both():
    quiet, busy = (critmass.simulate(population_clients=20_000, time_horizon_h=15.0, updates_synchronization=share).trace
                   for share in (0.0, 0.9))
    _, panels = plt.subplots(3, 2, sharey="row")
    quiet.plot(axes=list(panels[:, 0]))
    busy.plot(axes=list(panels[:, 1]))
    for row, column in zip(panels, ("demand", "supernodes", "login_queue")):
        low, high = row[0].get_ylim()
        assert low == 0 and high >= max(quiet.frame[column].max(), busy.frame[column].max())
    plt.close("all")


def test_a_bar_shows_how_far_a_sweep_is_and_an_interrupt_keeps_what_is_finished(tmp_path, capsys, monkeypatch):
    sweep = next(path for path in __import__("conftest").SWEEPS if path.stem == "three-axes")
    show = critmass.running._show

    def interrupted(event, bar):
        show(event, bar)
        if event["event"] == "cell":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(critmass.running, "_show", interrupted)
        critmass.run(sweep, tmp_path / "out", threads=1)
    assert critmass.load(tmp_path / "out").manifest["name"] == "three-axes"
    capsys.readouterr()
    again = critmass.run(sweep, tmp_path / "out")
    shown = capsys.readouterr().err
    cells = again.surface.frame.height
    assert "three-axes: 100 %" in shown and f"{cells}/{cells} cells" in shown
    with pytest.raises(critmass.CritmassError, match="there is no such file"):
        critmass.run(tmp_path / "nowhere.toml", tmp_path / "none")


def test_sweeps_are_compared_replicate_by_replicate(results, tmp_path):
    of = results["three-axes"]
    sweep = next(path for path in __import__("conftest").SWEEPS if path.stem == "three-axes")
    other = critmass.run(sweep, tmp_path / "out", settings={"scenario.login.capacity_per_s_per_million": 1000.0})
    rows = critmass.compare(of, other)
    assert rows.height == of.surface.frame.height and (rows["pairs"] == 6).all()
    joined = of.surface.frame.join(other.surface.frame, on=[axis.name for axis in of.axes], suffix="_b")
    assert np.allclose(rows["difference"], joined["outage_probability_b"] - joined["outage_probability"])
    assert (rows["low"] <= rows["difference"]).all() and (rows["difference"] <= rows["high"]).all()
    with pytest.raises(critmass.CritmassError, match="no pairs: they have the axes"):
        critmass.compare(of, results["one-axis"])
    axis = of.axes[0]
    rows = critmass.compare(of, axis=axis.name, confidence=0.9)
    assert rows.height == of.surface.frame.height * (len(axis.values) - 1) // len(axis.values)
    frame = of.surface.frame.rename({"outage_probability": "p"})
    joined = rows.join(frame.select("cell", "p"), on="cell")
    joined = joined.join(frame.select("cell", "p"), left_on="reference_cell", right_on="cell", suffix="_reference")
    assert np.allclose(joined["difference"], joined["p"] - joined["p_reference"])
    assert (rows["outage_h_difference"] <= rows["outage_h_difference_high"]).drop_nulls().all()


def test_one_run_is_that_of_the_command():
    settings = {"population_clients": 3_000, "time_horizon_h": 13.0, "updates_synchronization": 0.9}
    run = critmass.simulate(seed=5, **settings)
    again = critmass.simulate(seed=5, parameters={name.replace("_", ".", 1): value for name, value in settings.items()})
    assert run.outcome == again.outcome and run.trace.frame.equals(again.trace.frame)
    assert run.outcome["logins"] == run.trace.frame["logins"].sum()
    assert run.trace.columns["t_h"].unit == "h"


def test_mistakes_are_said_in_the_words_of_the_program(tmp_path):
    with pytest.raises(critmass.CritmassError, match="did you mean updates.synchronization"):
        critmass.simulate(updates_synchronisation=0.5)
    with pytest.raises(critmass.CritmassError, match="not the folder of a sweep"):
        critmass.load(tmp_path)


def test_labels_are_words_with_units():
    assert Column("login.capacity_per_s_per_million", "1/s").label == "login capacity (1/s per million clients)"
    assert Column("overlay.dedicated_per_million").label == "dedicated (per million clients)"
    assert Column("overlay.supernode_ratio").label == "super-node ratio"
    assert Column("min_online_at_h", "h").label == "lowest online at (h)"


def test_the_module_is_the_program():
    done = subprocess.run([sys.executable, "-m", "critmass", "--version"], capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and done.stdout.startswith("critmass ")
    wrong = subprocess.run([sys.executable, "-m", "critmass", "status", "/nonexistent"], capture_output=True, encoding="utf-8")
    assert wrong.returncode == 2
