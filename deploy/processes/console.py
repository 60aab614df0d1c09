"""Console output of local mode: a line per step, with a spinner in a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table

from deploy.processes.stack import ServerStatus


class Progress:
    """The steps of a command and their durations."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[Status]:
        """Run one step; its line appears when it is done."""
        began = time.monotonic()
        with self.console.status(f"{doing} …") as status:
            yield status
        self.seconds[name] = time.monotonic() - began
        self.console.print(f"[green]✓[/green] {name} [dim]{self.seconds[name]:.1f} s[/dim]")

    def note(self, text: str, seconds: float | None = None) -> None:
        """Print a line below the current step."""
        took = f" [dim]{seconds:.1f} s[/dim]" if seconds is not None else ""
        self.console.print(f"    {text}{took}")


def status_table(statuses: list[ServerStatus]) -> Table:
    """Return a table of the servers with state, process, uptime, memory and port."""
    total = sum(status.memory_bytes for status in statuses)
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("server", footer="together")
    table.add_column("state")
    for name, footer in (("pid", ""), ("up", ""), ("memory", _mebibytes(total)), ("port", "")):
        table.add_column(name, justify="right", footer=footer)
    for status in statuses:
        colour = {"running": "green", "stopped": "dim"}.get(status.state, "red")
        table.add_row(
            status.name,
            f"[{colour}]{status.state}[/{colour}]",
            str(status.pid or ""),
            _duration(status.uptime_seconds) if status.pid else "",
            _mebibytes(status.memory_bytes) if status.memory_bytes else "",
            str(status.port or ""),
        )
    return table


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
