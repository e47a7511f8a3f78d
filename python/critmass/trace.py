"""The time series of one run."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .columns import Columns
from .drawing import COLOURS, figure_of


class Trace:
    """A row for each interval in `frame`; see `Results.trace` and `simulate`."""

    def __init__(self, frame: pl.DataFrame, columns: Columns, title: str = "") -> None:
        self.frame = frame
        self.columns = columns
        self.title = title

    def __repr__(self) -> str:
        return f"<trace of {self.frame.height} intervals>\n{self.frame!r}"

    def plot(self, axes: Sequence[Axes] | None = None) -> Figure:
        """Clients by state over demand; super nodes; the login server's queue, over the hours of the run.

        Args:
            axes: three axes to draw into, from top to bottom; else a figure is made.
        """
        panels: Sequence[Axes] = (
            plt.subplots(3, 1, figsize=(9.5, 7), sharex=True, layout="constrained")[1] if axes is None else axes
        )
        clients, supernodes, queue = panels
        hours = self.frame["t_h"]
        clients.plot(hours, self.frame["demand"], color="0.35", lw=1, label="on their machines (demand)")
        clients.fill_between(hours, self.frame["online"], color=COLOURS[0], alpha=0.35, label="online", lw=0)
        states = {"booting": "restarting", "seeking": "seeking a super node", "waiting": "waiting for the login server",
                  "backoff": "waiting to try again"}
        for colour, style, (name, words) in zip(COLOURS[1:], ("-", "--", "-.", ":"), states.items()):
            clients.plot(hours, self.frame[name], color=colour, ls=style, lw=1.2, label=words)
        supernodes.plot(hours, self.frame["supernodes"], color=COLOURS[0], label="live super nodes")
        supernodes.plot(hours, self.frame["stale_addresses"], color=COLOURS[1], ls="--", label="addresses of dead ones")
        queue.plot(hours, self.frame["login_queue"], color=COLOURS[1], label="login server's queue")
        for panel, words in zip(panels, ("clients", "super nodes", "requests")):
            panel.set_ylabel(words)
            # Anew, since the panel may share its axis with one that was drawn, and fixed, before.
            panel.autoscale(axis="y")
            panel.set_ylim(bottom=0)
            panel.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        queue.set_xlabel("hours from the start of the run, 00:00 UTC")
        clients.set_title(self.title, fontsize=10)
        return figure_of(clients)
