"""Runs and sweeps, made by the program."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

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

    How far it is stands in the output of the cell. An interrupt (the stop button) stops the program, which keeps what is
    finished; the same call continues.

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
    said: list[str] = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          encoding="utf-8") as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                said.append(line)
                print(line, end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            process.terminate()
            print(process.stderr.read(), end="", file=sys.stderr, flush=True)
            raise
    if process.returncode != 0:
        raise CritmassError("".join(said).strip() or f"{' '.join(command)} ended with status {process.returncode}")
    return Results(out)


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
