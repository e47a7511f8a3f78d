"""`python -m critmass` is the program."""

import os
import subprocess
import sys

from .program import CritmassError, find_program


def main() -> int:
    try:
        program = find_program()
    except CritmassError as error:
        print(f"critmass: {error}", file=sys.stderr)
        return 1
    arguments = [str(program), *sys.argv[1:]]
    if sys.platform == "win32":
        return subprocess.run(arguments).returncode
    # In place of this process, so that signals reach the program itself.
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    sys.exit(main())
