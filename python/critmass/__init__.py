"""critmass for notebooks: make runs and sweeps, and look at what they say.

>>> import critmass
>>> results = critmass.load("out/critical-mass")   # doctest: +SKIP
>>> results.surface.plot()                         # doctest: +SKIP
>>> critmass.simulate(updates_synchronization=0.6).trace.plot()  # doctest: +SKIP

`load` reads the folder of a sweep; `run` makes one; `simulate` makes one run. What they return holds polars frames, with
the unit and the meaning of every column.
"""

from .boundary import Boundary
from .comparison import compare
from .program import CritmassError, find_program
from .results import Results, load
from .running import Run, run, simulate
from .surface import Surface
from .trace import Trace

__all__ = [
    "Boundary",
    "CritmassError",
    "Results",
    "Run",
    "Surface",
    "Trace",
    "compare",
    "find_program",
    "load",
    "run",
    "simulate",
]
