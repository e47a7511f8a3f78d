"""Runs and sweeps, made by the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl
from tqdm import tqdm

from .columns import Columns
from .program import CritmassError, call_json, find_program
from .results import Results
from .trace import Trace


@dataclass(frozen=True)
class Run:
    """One run: what it reports, and its time series."""

    outcome: dict[str, Any]
    """The outputs by name."""
    trace: Trace
    parameters: dict[str, Any]
    """The parameters that differ from their defaults."""


def simulate(scenario: str | os.PathLike[str] | None = None, *, seed: int = 1,
             parameters: Mapping[str, Any] | None = None, **named: Any) -> Run:
    """One run.

    Args:
        scenario: a sweep file, or its `[scenario]` alone; the defaults without.
        seed: the run is a function of the scenario and this.
        parameters: values by name, `{"updates.synchronization": 0.6}`.
        named: the same with an underscore in place of the dot: `updates_synchronization=0.6`.

    Raises:
        CritmassError: a parameter does not exist, or cannot have that value.
    """
    settings = {**{_dotted(name): value for name, value in named.items()}, **(parameters or {})}
    arguments: list[str | os.PathLike[str]] = ["simulate", *([] if scenario is None else [scenario])]
    arguments += [f"--set={name}={toml(value)}" for name, value in settings.items()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.parquet"
        said = call_json(*arguments, f"--seed={seed}", "--trace", file, "--format", "json")
        frame = pl.read_parquet(file)
    trace = Trace(frame, Columns.of(call_json("columns", "--format", "json")))
    return Run(said["outputs"], trace, said["scenario"])


def run(sweep: str | os.PathLike[str], out: str | os.PathLike[str], *, threads: int | None = None,
        settings: Mapping[str, Any] | None = None) -> Results:
    """Makes the runs of a sweep file, or those that are missing in a folder that has some, and returns what it says.

    A bar shows how far it is, in a notebook as on a terminal. An interrupt (the stop button) stops the program, which keeps
    what is finished; the same call continues.

    Args:
        sweep: the sweep file.
        out: the folder of its results.
        threads: how many at once; all cores unless said.
        settings: what `--set` takes: keys of the sweep file with their values.

    Raises:
        CritmassError: the sweep file has a mistake, or the program could not go on.
    """
    command = [str(find_program()), "run", os.fspath(sweep), "--out", os.fspath(out)]
    command += [] if threads is None else [f"--threads={threads}"]
    command += [f"--set={key}={toml(value)}" for key, value in (settings or {}).items()]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        status = _watch([*command, "--format=json"], errors)
        errors.seek(0)
        said = errors.read().strip()
    if status != 0:
        raise CritmassError(said or f"{' '.join(command)} ended with status {status}")
    if said:
        print(said, file=sys.stderr)
    return Results(out)


def _watch(command: list[str], errors: IO[str]) -> int:
    """Calls the program, and shows what it says of its progress until it ends; returns how it did."""
    bar_format = "{desc}: {percentage:3.0f} %|{bar}| {elapsed}<{remaining}{postfix}"
    with (
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8") as process,
        tqdm(total=1.0, bar_format=bar_format, desc="critmass") as bar,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                _show(json.loads(line), bar)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    return process.returncode


def _show(event: dict[str, Any], bar: tqdm) -> None:
    match event["event"]:
        case "begun":
            bar.set_description_str(event["sweep"])
        case "damaged":
            bar.write(f"computed again: {event['message']}", file=sys.stderr)
        case "progress" | "done" as what:
            bar.n = 1.0 if what == "done" else event["share"]
            bar.set_postfix_str(f"{event['cells_decided']}/{event['cells']} cells, {event['runs']} runs")


def toml(value: Any) -> str:
    """A value as the sweep file writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if hasattr(value, "item"):
        return toml(value.item())
    raise TypeError(f"a parameter is a number, a word or a truth, not {type(value).__name__}")


def _dotted(name: str) -> str:
    group, _, own = name.partition("_")
    return f"{group}.{own}"
