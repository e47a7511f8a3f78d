"""Reads the folder of a finished sweep with pyarrow and with polars, and checks what the columns and the metadata promise.

    python tests/read_back.py out/smoke
"""

import json
import math
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())

for part in ("runs", "traces"):
    strays = [path.name for path in (folder / part).iterdir() if path.suffix != ".parquet"]
    assert not strays, f"{part}/ holds {strays}"

files = [folder / "surface.parquet", *folder.glob("runs/*.parquet"), *folder.glob("traces/*.parquet")]
for path in files:
    schema = pq.read_schema(path)
    for key in (b"critmass.sweep", b"critmass.hash", b"critmass.schema"):
        assert key in schema.metadata, f"{path} has no {key}"
    assert schema.metadata[b"critmass.hash"].decode() == manifest["hash"]
    for field in schema:
        assert field.metadata and field.metadata[b"unit"] and field.metadata[b"description"], f"{path}: {field.name}"

runs = pl.read_parquet(folder / "runs" / "*.parquet")
surface = pl.read_parquet(folder / "surface.parquet")
assert (runs.schema["cell"], runs.schema["replicate"], runs.schema["seed"]) == (pl.UInt32, pl.UInt32, pl.UInt64)
# All other whole numbers are signed: differences of unsigned ones wrap.
for path in files:
    unsigned = [name for name, kind in pl.read_parquet_schema(path).items() if kind.is_unsigned_integer()]
    assert set(unsigned) <= {"cell", "replicate", "seed"}, f"{path}: {unsigned}"
paired = runs.join(runs.with_columns(pl.col("cell") + 1), on=["cell", "replicate"], suffix="_before")
for count in (name for name, kind in runs.schema.items() if kind == pl.Int64):
    difference = paired.select(pl.col(count) - pl.col(f"{count}_before"))[count]
    expected = paired[count].cast(pl.Float64) - paired[f"{count}_before"].cast(pl.Float64)
    assert difference.cast(pl.Float64).equals(expected), count
    with_numpy = paired[count].to_numpy() - paired[f"{count}_before"].to_numpy()
    assert (with_numpy == expected.to_numpy()).all(), count
assert runs.select("cell", "replicate").is_duplicated().sum() == 0
assert pq.read_table(folder / "runs").num_rows == runs.height

again = runs.group_by("cell").agg(
    pl.len().alias("n"),
    pl.col("outage").sum().alias("k"),
    pl.col("lost_client_h").filter(pl.col("outage")).mean().alias("with"),
    pl.col("lost_client_h").filter(~pl.col("outage")).mean().alias("without"),
    pl.col("lost_client_h").std().alias("sd"),
    pl.col("lost_client_h").quantile(0.95, "linear").alias("q95"),
    # Of those that recovered; and of all, where a recovery that was not seen is later than any that was.
    pl.col("recovery_h").mean().alias("recovery"),
    pl.col("recovery_h").count().alias("recovered"),
    pl.col("recovery_h").fill_null(math.inf).quantile(0.5, "linear").alias("median"),
    pl.col("outage_start_h").quantile(0.5, "linear").alias("start"),
)
fixed = "\nhalf_width = " not in pq.read_schema(files[0]).metadata[b"critmass.sweep"].decode()
both = surface.join(again, on="cell", how="full")
assert both.height == surface.height == again.height
assert surface.schema["recovery_h_n"] == pl.Int64
for row in both.iter_rows(named=True):
    assert (row["replicates"], row["outages"]) == (row["n"], row["k"]), row["cell"]
    if fixed:
        assert row["outage_probability"] == row["k"] / row["n"]
    assert 0 <= row["outage_probability_low"] <= row["outage_probability"] <= row["outage_probability_high"] <= 1
    # Cells that stop by their outages: the means with and without one have the weights of the estimate.
    p = row["outage_probability"]
    row["mean"] = p * (row["with"] or 0) + (1 - p) * (row["without"] or 0)
    for ours, theirs in (("mean", "mean"), ("q95", "q95")) + ((("sd", "sd"),) if fixed else ()):
        assert math.isclose(row[f"lost_client_h_{ours}"], row[theirs], rel_tol=1e-9, abs_tol=1e-9), row["cell"]
    assert (row["recovery_h_mean"] is None) == (row["recovery"] is None), row["cell"]
    assert row["recovery_h_n"] == row["recovered"], row["cell"]
    for name in ("lost_client_h_mean", "lost_client_h_q50", "recovery_h_q50"):
        low, value, high = (row[name + end] for end in ("_low", "", "_high"))
        assert low is None or value is None or low <= value, (row["cell"], name)
        assert high is None or value is not None and value <= high, (row["cell"], name)
    assert (row["recovery_h_q50"] is None) == (not math.isfinite(row["median"])), row["cell"]
    for ours, theirs in (("recovery_h_q50", "median"), ("outage_start_h_q50", "start")):
        assert row[ours] is None or math.isclose(row[ours], row[theirs], rel_tol=1e-9, abs_tol=1e-9), row["cell"]
print(f"{len(files)} files, {runs.height} runs, {surface.height} cells: read back by pyarrow and polars")
