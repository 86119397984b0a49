"""A pytest plugin: processor time of every test, summed per folder and per file at the end of a run.

Elapsed time depends on what else runs on the machine; processor time (user and system, of this process and of its
programs) does not, so growth of the suite shows in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import PurePosixPath
from typing import Final

import pytest

from tests.kit import cpu

_FILES_SHOWN: Final = 15
_SPENT: Final[Counter[str]] = Counter()
"""Processor time [s] by test file; filled in the process that reports."""


class _Clock:
    """Splits the time of a process among its tests; what lies between two tests goes to the later one."""

    def __init__(self) -> None:
        self.last = cpu.seconds()

    def split(self) -> float:
        """Processor time [s] since the last call."""
        before, self.last = self.last, cpu.seconds()
        return self.last - before


_CLOCK: Final = _Clock()


def pytest_collection_finish() -> None:
    """Imports and collection are no test's."""
    _CLOCK.split()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the time of a phase along with its report, from a worker of xdist too."""
    report = yield
    report.cpu_s = _CLOCK.split()
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the times where the run is reported."""
    _SPENT[report.nodeid.partition("::")[0]] += getattr(report, "cpu_s", 0.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum per folder of tests, and the files that take most."""
    if not _SPENT:
        return
    folders: Counter[str] = Counter()
    for file, spent in _SPENT.items():
        folders[PurePosixPath(file).parent.name] += spent
    terminalreporter.section("processor time")
    for name, spent in folders.most_common():
        terminalreporter.write_line(f"{spent:8.1f} s  {name}")
    terminalreporter.write_line(f"{folders.total():8.1f} s  all tests; the files that take most:")
    for file, spent in _SPENT.most_common(_FILES_SHOWN):
        terminalreporter.write_line(f"{spent:8.1f} s  {file}")
