"""The program: where it is, and how it is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

NAME = "critmass.exe" if sys.platform == "win32" else "critmass"


class CritmassError(Exception):
    """The program could not be found, or did not do what it was asked; the text is what it said."""


def find_program() -> Path:
    """The program that this package calls.

    The environment variable `CRITMASS_PROGRAM`, then the scripts folder of this Python, where a wheel puts it, then the
    `PATH`.

    Raises:
        CritmassError: it is in none of these places.
    """
    named = os.environ.get("CRITMASS_PROGRAM")
    if named is not None:
        if not Path(named).is_file():
            raise CritmassError(f"CRITMASS_PROGRAM is {named}, and there is no such file")
        return Path(named)
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", scheme=_user_scheme())]
    for folder in folders:
        if folder is not None and (program := Path(folder) / NAME).is_file():
            return program
    if (found := shutil.which(NAME)) is not None:
        return Path(found)
    raise CritmassError(
        f"no program {NAME} in {' or '.join(str(folder) for folder in folders)}, nor on the PATH: install the package "
        "again, or set CRITMASS_PROGRAM to it"
    )


def _user_scheme() -> str:
    return sysconfig.get_preferred_scheme("user")


def call(*arguments: str | os.PathLike[str]) -> str:
    """What the program writes to standard output.

    Raises:
        CritmassError: it failed; the text is what it wrote to standard error.
    """
    return _called(*arguments).stdout


def _called(*arguments: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
    command = [str(find_program()), *(os.fspath(argument) for argument in arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise CritmassError(done.stderr.strip() or f"{' '.join(command)} ended with status {done.returncode}")
    return done


def call_json(*arguments: str | os.PathLike[str]) -> Any:
    """What the program writes to standard output, read as JSON."""
    return json.loads(call(*arguments))


def call_json_with_notes(*arguments: str | os.PathLike[str]) -> tuple[Any, str]:
    """The same, with what the program says on standard error beside it."""
    done = _called(*arguments)
    return json.loads(done.stdout), done.stderr.strip()
