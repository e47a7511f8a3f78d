"""One baseline from the command line: rows and times as JSON.

    python run.py simpy|numpy|numba [KEY=VALUE …] [seed=S] [runs=R]

Makes `runs` runs with the seeds `seed`, `seed + 1` …; keys are the dotted names of `critmass parameters`.
"""

import time

started_s = time.process_time()

import importlib
import json
import sys

from scenario import Scenario


def main():
    tool, *arguments = sys.argv[1:]
    settings = {"seed": "1", "runs": "1"} | dict(argument.split("=", 1) for argument in arguments)
    seed, runs = int(settings.pop("seed")), int(settings.pop("runs"))
    model = importlib.import_module(f"{tool}_model").Model
    times = {"import_s": time.process_time() - started_s, "compile_s": 0.0, "population_s": [], "ticks_s": []}
    if tool == "numba":
        # The first call of a function compiles it, or reads it from the cache of earlier processes.
        begin_s = time.process_time()
        few = {"population.clients": "2000", "time.horizon_h": "1.1", "updates.release_h": "1"}
        model(Scenario.from_settings(settings | few), seed).run()
        times["compile_s"] = time.process_time() - begin_s
    scenario = Scenario.from_settings(settings)
    rows = []
    for run in range(runs):
        begin_s = time.process_time()
        prepared = model(scenario, seed + run)
        built_s = time.process_time()
        rows.append({"seed": seed + run} | prepared.run())
        times["population_s"].append(built_s - begin_s)
        times["ticks_s"].append(time.process_time() - built_s)
    print(json.dumps({"rows": rows, "times": times}))


if __name__ == "__main__":
    main()
