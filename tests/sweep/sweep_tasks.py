"""Functions that the tests run in other processes, which must be able to import them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from mirrorneuron.flows import simulate, tools
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.pdk_sky130 import errors

HANG_S = 60.0


def square(k: int) -> int:
    return k * k


def square_after(k: int, seconds: float) -> int:
    time.sleep(seconds)
    return k * k


def process(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail(kind: str | None) -> str:
    if kind is None:
        return "fine"
    if kind == "exit":
        sys.exit(7)
    if kind == "other":
        raise ValueError("a bug")
    raise getattr(errors, kind)("the reason")


def speak(text: str) -> str:
    print(text)
    return text


def unsendable(bad: bool) -> Any:
    return (lambda: None) if bad else "fine"


def die(k: int, when: int) -> int:
    """Kill the process that runs it, if `k` is `when`."""
    if k == when:
        os.kill(os.getpid(), signal.SIGKILL)
    return k


def die_once(k: int, when: int, marks: Path) -> int:
    """As `die`, but only the first time; leaves a mark each time it starts."""
    mark = marks / f"{k}"
    seen = mark.exists()
    with mark.open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.02)
    if k == when and not seen:
        os.kill(os.getpid(), signal.SIGKILL)
    return k * k


def counted(k: int, marks: Path, bad: tuple[int, ...] = (), seconds: float = 0.0) -> int:
    """Leave a mark for each call; fail for some."""
    with (marks / f"{k}").open("a") as file:
        file.write("x")
    if k in bad and not (marks / "mended").exists():
        raise errors.EvidenceError(f"no number for {k}")
    time.sleep(seconds)
    return k * k


def calls(marks: Path) -> dict[int, int]:
    """How often `counted` was called with each number."""
    return {int(mark.name): mark.stat().st_size for mark in marks.iterdir() if mark.name.isdigit()}


def hang_in_a_tool(k: int, marks: Path) -> None:
    """Run a program that hangs, and leave its process number."""
    del k
    tools.run("ngspice", [str(marks)], cwd=marks, log=marks / "log", timeout_s=HANG_S)


def current(bench: Bench, corner: str, volt: float) -> float:
    """Output current [A] of a mirror."""
    result = simulate.run(bench, simulate.Condition(corner, volts={"out": volt}))
    return float(result["op"].i("out")[0])
