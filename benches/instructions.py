#!/usr/bin/env python3
"""Counts the instructions of three fixed runs with callgrind, and compares them with benches/instructions.json: a
healthy network, one that stands on the edge for two hours and then goes down, and one that goes down at once.

    python3 benches/instructions.py target/release/critmass            fails if a run takes over 3 % more than stored
    python3 benches/instructions.py target/release/critmass --update   stores what it counts

Seconds depend on the other guests of a machine; instructions depend on the program and the compiler alone: two counts
of one program agree to 1e-7. The whole program is counted, from its start to its end; all but the run itself is a
hundredth of it. What waits for memory does not show here: `cargo bench` measures that.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

STORED = Path(__file__).with_name("instructions.json")
# More than another order of the same code makes, less than a change that anybody would want to know of.
TOLERANCE = 0.03
# The C library would choose its memset and memcpy by the processor, with up to 1 % between them. The rest of the
# environment is left out, since a program reads it.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS",
}


def count(program, arguments):
    """The number of instructions of one run of the program."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [program, "simulate", "--format", "json", *arguments.split()]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not counted:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return int(counted[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="critmass, built with --release")
    parser.add_argument("--update", action="store_true", help="store the counts")
    options = parser.parse_args()

    stored = json.loads(STORED.read_text())
    compiler = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    compiler += f" on {platform.machine()}"
    if compiler != stored["compiler"]:
        print(f"stored with {stored['compiler']}, compared with {compiler}: a difference may be the compiler's")
    slower, faster = [], []
    for name, run in stored["runs"].items():
        before, now = run["instructions"], count(options.program, run["arguments"])
        change = now / before - 1
        print(f"{name:10} {now:14,} instructions, stored {before:14,}: {change:+.2%}", flush=True)
        if change > TOLERANCE:
            slower.append(name)
        elif change < -TOLERANCE:
            faster.append(name)
        run["instructions"] = now

    if options.update:
        stored["compiler"] = compiler
        STORED.write_text(json.dumps(stored, indent=2) + "\n")
        print(f"stored in {STORED}")
        return
    update = f"python3 benches/instructions.py {options.program} --update"
    if faster:
        print(f"{', '.join(faster)}: fewer than stored. Keep the gain: {update}")
    if slower:
        sys.exit(f"{', '.join(slower)}: over {TOLERANCE:.0%} more than stored. If it is worth that: {update}")


if __name__ == "__main__":
    main()
