"""The benchmark of sweeps runs, and gives all its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "sweep.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(BENCHMARK), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_all_numbers_are_there() -> None:
    pytest.importorskip("distributed", reason="the optional package distributed is not installed")
    done = _run("--json", "--workers", "1", "--runs", "4", "--block", "4", "--repeats", "1", "--slots")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    rows = {(one["task"], one["where"], one["workers"]): one for one in found["times"]}
    assert set(rows) == {(task, where, 1) for task in ("nothing", "simulation", "block") for where in ("local", "dask")}
    assert all(one["each_s"] > 0 and one["first_s"] > 0 for one in rows.values())
    assert rows["simulation", "local", 1]["processor_s"] > 1e-3
    assert found["asleep"] == []
    assert all(cost["scheduler_s"] > 0 and cost["caller_s"] > 0 for cost in found["chunks"].values())


def test_bad_numbers_are_refused() -> None:
    done = _run("--workers", "0")
    assert done.returncode == 2
    assert "at least 1" in done.stderr
