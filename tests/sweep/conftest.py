"""Clusters, benches and places for the tests of sweeps."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Voltage

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for sweep_tasks, here and in the processes that run tasks

MIRROR = """\
* simple mirror, 1:1
.subckt top in out vss
xref in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
xunit out in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
.ends
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Bench:
    """A simple mirror at 1 uA and 0.9 V."""
    path = tmp_path / "mirror.spice"
    path.write_text(MIRROR)
    sources = [Voltage("out", 0.9), Voltage("vss", 0.0), Voltage("vdd", 1.8), CurrentInput("in", 1e-6)]
    return Bench(path, "top", sources, {"op": Points()})


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Address of a cluster of two worker processes, which are started again when they die."""
    distributed = pytest.importorskip("distributed", reason="the optional package distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as made:
        yield made.scheduler_address


@pytest.fixture
def dask_process(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a process of Dask's own commands: ``("scheduler")`` gives (process, address), ``("worker", address)``."""
    pytest.importorskip("distributed", reason="the optional package distributed is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(what: str, address: str = "", **env: str) -> tuple[subprocess.Popen[bytes], str]:
        file = tmp_path / f"scheduler{len(started)}.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)]
        if what == "worker":
            options = [address, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, "--no-dashboard"]
        paths = [env.pop("PYTHONPATH", ""), str(HERE), os.environ.get("PYTHONPATH", "")]
        with (tmp_path / f"{what}{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,  # not the root of the repository, whose folder mirrorneuron would come before PYTHONPATH
                stdout=log,
                stderr=log,
                env=os.environ | env | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
                start_new_session=True,
            )
        started.append(process)
        if what == "worker":
            return process, ""
        import json

        until = time.monotonic() + 20
        while time.monotonic() < until:
            if file.exists() and file.read_text():
                return process, json.loads(file.read_text())["address"]
            time.sleep(0.02)
        raise AssertionError("the scheduler did not start")

    yield start
    for process in reversed(started):
        process.kill()
        process.wait(timeout=10)
