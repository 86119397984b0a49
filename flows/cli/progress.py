"""Progress of long tasks on stderr: a live display on a terminal, a line for each finished task elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["Display"]


class Display:
    """The `mirrorneuron.flows.results.watch.Watcher` of the command line; use it as a context manager."""

    def __init__(self) -> None:
        """A display without tasks."""
        self._console = Console(file=sys.stderr, highlight=False)
        self._live = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:24}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[verdict]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Start the display."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the display; what it shows remains."""
        self._live.stop()

    def started(self, task: str) -> None:
        """Show a task whose progress is not known yet."""
        self._tasks[task] = self._live.add_task(task, total=None, verdict="")

    def advanced(self, task: str, done: int, of: int) -> None:
        """Show a task's progress."""
        self._live.update(self._tasks[task], completed=done, total=of)

    def ended(self, task: str, passed: bool, seconds: float) -> None:
        """Show a task's verdict."""
        verdict = "ok" if passed else "[red]failed[/red]"
        self._live.update(self._tasks[task], completed=1, total=1, verdict=verdict)
        self._live.stop_task(self._tasks[task])
        if self._live.disable:
            self._console.print(f"{task:24} {seconds:7.1f} s  {verdict}")
