"""Small sweeps of every shape, made once by the program."""

from pathlib import Path

import matplotlib
import pytest

import critmass

matplotlib.use("Agg")
SWEEPS = sorted((Path(__file__).parent / "sweeps").glob("*.toml"))


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps")
    return {sweep.stem: critmass.run(sweep, folder / sweep.stem) for sweep in SWEEPS}
