"""critmass beside the three baselines: do they agree in distribution, and how long does a run take?

    python benches/baselines/compare.py [--quick] [--only agreement|speed] [--critmass PATH]

Exit status 1 if they do not agree.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

import numpy as np
import pyarrow.parquet as parquet
from scipy import stats

HERE = Path(__file__).parent
HEALTHY, COLLAPSED = 0.0, 0.6  # updates.synchronization
NAMES = {HEALTHY: "healthy", COLLAPSED: "collapsed"}
# At 10,000 clients the default network is down by itself. With twice the super nodes each has half the children, and
# its death is no shock any more.
SMALL = {"population.clients": 10_000, "overlay.supernode_ratio": 0.04}
LARGE = {"population.clients": 100_000}
HUGE = {"population.clients": 1_000_000}

# Probability that agreeing programs are said to disagree, in one whole comparison.
FALSE_ALARM = 1e-3


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments.critmass, Path(folder))
        agrees = True
        if arguments.only != "speed":
            agrees = compare_distributions(bench, arguments.quick)
        if arguments.only != "agreement":
            compare_speed(bench, arguments.quick)
    sys.exit(0 if agrees else 1)


def parse_arguments():
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--critmass", default=target / "release" / "critmass", help="the program; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="few seeds, one round, no million clients: two minutes")
    parser.add_argument("--only", choices=["agreement", "speed"])
    return parser.parse_args()


class Bench:
    """Runs the programs, and tells the processor time that they took."""

    def __init__(self, critmass, folder):
        self.critmass = critmass
        self.folder = folder
        self.sweeps = 0

    def sweep(self, settings, runs):
        """Runs critmass on one thread, with both scenarios or the one of the settings. Gives the rows and the time."""
        self.sweeps += 1
        out = self.folder / f"sweep-{self.sweeps}"
        file = self.folder / f"sweep-{self.sweeps}.toml"
        synchronization = settings.get("updates.synchronization")
        values = [HEALTHY, COLLAPSED] if synchronization is None else [synchronization]
        scenario = {key: value for key, value in settings.items() if key != "updates.synchronization"}
        lines = ['name = "baselines"', 'question = "Do the baselines agree?"', "seed = 2007", "[scenario]"]
        lines += [f"{key} = {value}" for key, value in scenario.items()]
        lines += ["[[axis]]", 'parameter = "updates.synchronization"', f"values = {values}"]
        lines += ["[replicates]", f"at_least = {runs}", f"at_most = {runs}"]
        file.write_text("\n".join(lines) + "\n")
        seconds, _ = timed([self.critmass, "run", file, "--out", out, "--threads", "1"])
        return parquet.read_table(out / "runs").to_pylist(), seconds

    def baseline(self, tool, settings, seed, runs):
        """Runs a baseline. Gives the rows and its times."""
        keys = [f"{key}={value}" for key, value in settings.items()]
        command = [sys.executable, HERE / "run.py", tool, *keys, f"seed={seed}", f"runs={runs}"]
        _, output = timed(command)
        result = json.loads(output)
        return result["rows"], result["times"]


def timed(command):
    """Processor time of a command, seconds, and its standard output."""
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


# --- agreement ---


def compare_distributions(bench, quick):
    """Prints the columns of both side by side; gives whether they agree."""
    horizon = {"time.horizon_h": 16.0 if quick else 20.0}
    replicates = 40 if quick else 200
    seeds = {"numba": 10, "numpy": 3, "simpy": 4} if quick else {"numba": 50, "numpy": 12, "simpy": 20}
    sizes = {"numba": LARGE, "numpy": LARGE, "simpy": SMALL}
    tests = []
    rows_of = {}
    for tool, size in sizes.items():
        settings = size | horizon
        if str(settings) not in rows_of:
            rows_of[str(settings)], _ = bench.sweep(settings, replicates)
        for synchronization in (HEALTHY, COLLAPSED):
            ours = [row for row in rows_of[str(settings)] if row["updates.synchronization"] == synchronization]
            theirs, _ = bench.baseline(tool, settings | {"updates.synchronization": synchronization}, 1, seeds[tool])
            clients = settings["population.clients"]
            print(f"\n{tool}, {clients:,} clients, {NAMES[synchronization]}: {len(theirs)} runs, critmass {len(ours)}")
            tests += compare_columns(ours, theirs)
    limit = FALSE_ALARM / len(tests)
    wrong = [test for test in tests if test < limit]
    print(f"\n{len(tests)} tests, {len(wrong)} of them with p below {limit:.1e}; smallest p: {min(tests):.1e}")
    print(f"(equal laws give one below that in at most {FALSE_ALARM:.1%} of all comparisons)")
    print("They do not agree." if wrong else "They agree.", flush=True)
    return not wrong


def compare_columns(ours, theirs):
    """Prints each column that both have; gives the p-values of its tests."""
    print(f"  {'column':<28}{'critmass':>14}{'baseline':>14}{'difference':>12}   sd    p means   p KS")
    p_values = []
    for name in theirs[0]:
        if name == "seed":
            continue
        x, y = ([float(row[name]) for row in rows if row[name] is not None] for rows in (ours, theirs))
        if len(x) < 2 or len(y) < 2 or np.ptp(x + y) == 0.0:
            continue
        means_p = stats.ttest_ind(x, y, equal_var=False).pvalue if min(np.ptp(x), np.ptp(y)) > 0.0 else None
        tests = [p for p in (means_p, stats.ks_2samp(x, y).pvalue) if p is not None]
        p_values += tests
        difference = np.mean(y) - np.mean(x)
        relative = f"{difference / np.mean(x):+.2%}" if np.mean(x) else "-"
        spread = difference / np.std(x + y, ddof=1)
        print(
            f"  {name:<28}{np.mean(x):>14.6g}{np.mean(y):>14.6g}{relative:>12}"
            f"{spread:>+6.2f}{'-' if means_p is None else f'{means_p:.1e}':>10}{tests[-1]:>9.1e}",
            flush=True,
        )
    return p_values


# --- speed ---


def compare_speed(bench, quick):
    """Times every program in turn, for several rounds, and prints a table of the medians."""
    horizon = {"time.horizon_h": 16.0 if quick else 36.0}
    # A new cache, so that the first process compiles.
    os.environ["NUMBA_CACHE_DIR"] = str(bench.folder / "numba")
    jobs = [("critmass", SMALL), ("simpy", SMALL), ("critmass", LARGE), ("numpy", LARGE), ("numba", LARGE)]
    if not quick:
        jobs += [("critmass", HUGE), ("numba", HUGE), ("numpy", HUGE)]
    times = {}
    for number in range(1 if quick else 3):
        for tool, size in jobs:
            if (tool, size) == ("numpy", HUGE) and number > 0:
                continue  # it takes minutes: once must do
            for synchronization in (HEALTHY, COLLAPSED):
                key = (size["population.clients"], synchronization, tool)
                settings = size | horizon | {"updates.synchronization": synchronization}
                times.setdefault(key, []).append(times_of(bench, tool, settings))
                print(f"round {number + 1}: {key}: {times[key][-1]}", file=sys.stderr, flush=True)
    print_times(times, horizon["time.horizon_h"])


def print_times(times, horizon_h):
    print(f"\nProcessor time in seconds, medians; {horizon_h:g} h in ticks of 5 s. The set-up comes once a process.")
    print("| clients | scenario | tool | set-up | run | of which population | run, ratio to critmass | rounds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (clients, synchronization, tool), rounds in sorted(times.items()):
        set_up, run, population = (median(column) for column in zip(*rounds, strict=True))
        ours = median(run for _, run, _ in times[clients, synchronization, "critmass"])
        population = "" if tool == "critmass" else f"{population:.3g}"
        print(
            f"| {clients:,} | {NAMES[synchronization]} | {tool} | {set_up:.2f} | {run:.3g} | {population} "
            f"| {run / ours:.1f} | {len(rounds)} |"
        )
    compiled_s = max(set_up for (*_, tool), rounds in times.items() if tool == "numba" for set_up, *_ in rounds)
    print(f"Numba's first process compiles, and has a set-up of {compiled_s:.1f} s. The others read its cache.")


def times_of(bench, tool, settings):
    """Set-up of the process, time per run, and the part of that for building the population, seconds."""
    if tool == "critmass":
        # From the intercept and the slope between 1 and several runs.
        more = 1 + max(2, 2_000_000 // settings["population.clients"])
        _, one_s = bench.sweep(settings, 1)
        _, more_s = bench.sweep(settings, more)
        run_s = (more_s - one_s) / (more - 1)
        return one_s - run_s, run_s, 0.0
    _, times = bench.baseline(tool, settings, 1, 1)
    population_s, ticks_s = times["population_s"][0], times["ticks_s"][0]
    return times["import_s"] + times["compile_s"], population_s + ticks_s, population_s


if __name__ == "__main__":
    main()
