"""What a column means: its unit and its description, and how it is called on an axis of a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Ends of names that say the unit, which a label says in brackets instead.
_UNIT_ENDS = re.compile(r"(_per_s_per_million|_probes_per_s|_per_million|_client_h|_per_s|_utc|_h|_s)$")
# Groups of parameters whose names mean nothing without the group.
_GROUPS_IN_WORDS = {"login": "login", "retry": "retry", "presence": "", "overlay": "", "updates": "", "outage": "outage"}
_WORDS = {"supernode": "super-node", "supernodes": "super nodes", "nat": "NAT", "min": "lowest", "peak": "highest"}


@dataclass(frozen=True)
class Column:
    """A column of a table that the program writes."""

    name: str
    """As in the file, for instance `login.capacity_per_s_per_million`."""
    unit: str = "1"
    """`"1"` for a pure number."""
    description: str = ""

    @property
    def label(self) -> str:
        """In words, with the unit, for an axis of a figure: `login capacity (1/s per million clients)`."""
        group, _, own = self.name.rpartition(".")
        own = _UNIT_ENDS.sub("", own) or own
        words = [_WORDS.get(word, word) for word in own.split("_")]
        prefix = _GROUPS_IN_WORDS.get(group, group.replace(".", " "))
        text = " ".join(word for word in [prefix, *words] if word)
        unit = [self.unit] if self.unit != "1" else []
        if self.name.endswith("_per_million"):
            unit.append("per million clients")
        return f"{text} ({' '.join(unit)})" if unit else text


class Columns(Mapping[str, Column]):
    """The columns of a table by name. One that is not described is called by its name."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> Column:
        return self._columns.get(name) or Column(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @staticmethod
    def of(rows: list[dict[str, Any]]) -> Columns:
        """Those that `critmass columns --format json` lists. A column of several tables means the same in all of them."""
        return Columns({row["column"]: Column(row["column"], row["unit"], row["description"]) for row in rows})
