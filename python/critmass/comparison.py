"""Differences between sweeps, or between two values of a lever, replicate by replicate."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl

from .program import CritmassError

if TYPE_CHECKING:
    from .results import Results


def compare(a: Results, b: Results, confidence: float = 0.95) -> pl.DataFrame:
    """By how much the outage probability differs between two sweeps, cell by cell: that of `b` minus that of `a`.

    The sweeps have the same axes, seed and uncertain inputs, and differ in what the scenario says. Under common random
    numbers replicate r of both sees the same draws, so outcomes are paired, and only the replicates that differ count. The
    interval is the score interval of Tango (Statistics in Medicine 17, 1998). Cells of sweeps that stop early have runs that
    the outcomes have chosen: give both the same `at_least` and `at_most`.

    Returns:
        The axes; `pairs`, `only_a` and `only_b` (replicates with an outage in one of them alone), `difference`, `low`, `high`,
        and `runs_saved`: how many times the runs it would have taken without pairing (null where it cannot be said).

    Raises:
        CritmassError: the sweeps cannot be paired.
    """
    names = [axis.name for axis in a.axes]
    for what, of in {
        "axes": lambda r: [axis.name for axis in r.axes],
        "seeds": lambda r: r.manifest["seed"],
        "uncertain inputs": lambda r: r.manifest["uncertain"],
        "common random numbers": lambda r: r.manifest["replicates"]["common_random_numbers"],
    }.items():
        if of(a) != of(b):
            raise CritmassError(f"runs cannot be paired: the {what} differ: {of(a)} and {of(b)}")
    if not a.manifest["replicates"]["common_random_numbers"]:
        raise CritmassError("runs cannot be paired: the sweeps do not use common random numbers")
    keys = [*names, "replicate"]
    own, other = (of.runs.select(*keys, "outage") for of in (a, b))
    pairs = own.join(other, on=keys, suffix="_b")
    if pairs.is_empty():
        raise CritmassError("runs cannot be paired: the sweeps have no cell in common")
    rows: list[dict[str, Any]] = []
    for cell in pairs.partition_by(names, maintain_order=True) if names else [pairs]:
        first, second = cell["outage"], cell["outage_b"]
        n, only_a, only_b = cell.height, int((first & ~second).sum()), int((~first & second).sum())
        difference = (only_b - only_a) / n
        low, high = tango(only_b, only_a, n, confidence)
        p, q = first.mean(), second.mean()
        paired = (only_a + only_b) / n - difference**2
        saved = (p * (1 - p) + q * (1 - q)) / paired if paired > 0 else None
        rows.append({**{name: cell[name][0] for name in names}, "pairs": n, "only_a": only_a, "only_b": only_b,
                     "difference": difference, "low": low, "high": high, "runs_saved": saved})
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("runs_saved").cast(pl.Float64))


def tango(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    """The score interval of (b − c)/n, where b of n pairs differ in one direction and c in the other (Tango 1998)."""
    z = NormalDist().inv_cdf(1 - (1 - confidence) / 2)

    def score(delta: float) -> float:
        """Falls with the difference that is tested."""
        two_n = 2 * n
        linear = -b - c + (two_n - b + c) * delta
        constant = -c * delta * (1 - delta)
        root = math.sqrt(max(linear * linear - 4 * two_n * constant, 0.0))
        q = max((root - linear) / (2 * two_n), 0.0)
        variance = n * (2 * q + delta * (1 - delta))
        over = b - c - n * delta
        return math.inf * over if variance <= 0 and over else over / math.sqrt(variance) if variance > 0 else 0.0

    def solve(target: float) -> float:
        low, high = -1.0, 1.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) > target else (low, middle)
        return (low + high) / 2

    return solve(z), solve(-z)

