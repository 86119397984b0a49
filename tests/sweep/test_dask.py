"""Tasks on a Dask cluster of real worker processes: the same numbers, deaths of workers and scheduler, bad clusters."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sweep_tasks
from mirrorneuron.flows.compute import dask_workers
from mirrorneuron.flows.compute.dask import DaskExecutor, workers_report
from mirrorneuron.flows.compute.executor import LocalExecutor, Task, open_executor
from mirrorneuron.flows.compute.sweep import Sweep, blocks
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.variation.sampling import Samples, Variation, sample
from mirrorneuron.pdk_sky130 import errors
from mirrorneuron.pdk_sky130.errors import (
    MirrorneuronError,
    MissingToolError,
    SpecError,
    ToolFailedError,
    ToolTimeoutError,
)

distributed = pytest.importorskip("distributed", reason="the optional package distributed is not installed")


def _tasks(arguments: list[Any]) -> list[Task]:
    return [Task(f"task {k}", (argument,)) for k, argument in enumerate(arguments)]


def test_values_come_in_the_tasks_order_with_progress(cluster: str) -> None:
    seen: list[tuple[int, int, str]] = []
    tasks = [Task(f"task {k}", (k,), {"seconds": 0.3 if k == 0 else 0.0}) for k in range(50)]
    values = open_executor(scheduler=cluster).run(
        sweep_tasks.square_after, tasks, progress=lambda *what: seen.append(what)
    )
    assert values == [k * k for k in range(50)]
    assert [done for done, _, _ in seen] == list(range(1, 51))
    assert {name for _, _, name in seen} == {task.name for task in tasks}
    assert seen[0][2] != "task 0"


def test_the_same_numbers_as_here(cluster: str, mirror: Bench) -> None:
    tasks = [Task(f"{corner} {volt}", (corner, volt)) for corner in ("tt", "ss") for volt in (0.6, 0.9, 1.2)]
    function = partial(sweep_tasks.current, mirror)
    here = LocalExecutor(1).run(function, tasks)
    assert len(set(here)) == 6
    assert LocalExecutor(2).run(function, tasks) == here
    assert DaskExecutor(cluster).run(function, tasks) == here


def test_the_same_samples_as_here(cluster: str, mirror: Bench) -> None:
    function = partial(sample, mirror, Condition(), Variation(count=40, seed=3))
    tasks = [Task(str(block), (), {"which": block}) for block in blocks(40, 10)]
    here, there = (
        Samples.join(executor.run(function, tasks)) for executor in (LocalExecutor(1), DaskExecutor(cluster))
    )
    np.testing.assert_array_equal(there.drawn, here.drawn)
    np.testing.assert_array_equal(there["op"].i("out"), here["op"].i("out"))
    assert np.ptp(here["op"].i("out")) > 1e-8


def test_work_is_spread_over_the_workers(cluster: str) -> None:
    found = list(DaskExecutor(cluster).stream(sweep_tasks.process, _tasks(list(range(40)))))
    assert len({one.value for one in found}) == 2
    assert len({one.where for one in found}) == 2
    assert all(one.where.startswith("tcp://") and one.seconds >= 0.05 for one in found)


def test_errors_keep_their_type_and_stop_no_other_task(cluster: str) -> None:
    kinds = [None, *(name for name in errors.__all__ if name != "MirrorneuronError"), "other", "exit", None]
    found = {one.number: one for one in DaskExecutor(cluster).stream(sweep_tasks.fail, _tasks(kinds))}
    assert len(found) == len(kinds)
    for number, kind in enumerate(kinds):
        failure = found[number].failure
        if kind is None:
            assert found[number].value == "fine"
            continue
        assert failure is not None
        said = {"other": "ValueError: a bug", "exit": "SystemExit: 7"}.get(kind)
        if said is not None:
            assert (failure.kind, failure.message) == (ToolFailedError, f"task {number}: {said}")
        else:
            assert (failure.kind, failure.message) == (getattr(errors, kind), f"task {number}: the reason")


def test_a_result_that_cannot_be_sent_is_a_failure(cluster: str) -> None:
    with pytest.raises(SpecError, match="task 1: its result, a function, cannot be sent"):
        DaskExecutor(cluster).run(sweep_tasks.unsendable, _tasks([False, True]))


def test_a_worker_killed_half_way_loses_nothing(cluster: str, marks: Path) -> None:
    function = partial(sweep_tasks.die_once, when=25, marks=marks)
    found = list(DaskExecutor(cluster).stream(function, _tasks(list(range(60)))))
    assert sorted(one.number for one in found) == list(range(60))
    assert all(one.value == one.number**2 for one in found)
    # It was killed, and the task ran again, in another process.
    pids = (marks / "25").read_text().split()
    assert len(pids) == 2
    assert pids[0] != pids[1]
    assert not Path(f"/proc/{pids[0]}").exists()


def test_a_task_that_kills_its_workers_fails_alone(dask_process: Callable[..., Any]) -> None:
    # One death for a chunk, and one for the task in it: two of three workers.
    _, address = dask_process("scheduler", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    for _ in range(3):
        dask_process("worker", address)
    _wait_for_workers(address, 3)
    stream = DaskExecutor(address, workers_s=5).stream(partial(sweep_tasks.die, when=17), _tasks([*range(40)]))
    found = {one.number: one for one in stream}
    assert [found[k].value for k in range(40) if k != 17] == [k for k in range(40) if k != 17]
    failure = found[17].failure
    assert failure is not None
    assert failure.kind is ToolFailedError
    assert failure.message.startswith("task 17: 1 worker(s) died while at it, the last one tcp://")


def test_the_scheduler_gone_half_way_loses_nothing(
    dask_process: Callable[..., Any], tmp_path: Path, marks: Path
) -> None:
    scheduler, address = dask_process("scheduler")
    dask_process("worker", address)
    function = partial(sweep_tasks.counted, marks=marks, seconds=0.1)
    sweep = Sweep(function, _tasks(list(range(60))), tmp_path / "out")

    def kill_later(done: int, of: int, name: str) -> None:
        if done == 10:
            scheduler.kill()

    started = time.monotonic()
    with pytest.raises(ToolFailedError, match=f"the Dask scheduler at {address} went away with [0-9]+ of 60 tasks"):
        sweep.run(DaskExecutor(address), progress=kill_later)
    assert time.monotonic() - started < 45
    done = set(sweep.done)
    assert 10 <= len(done) < 60
    again = Sweep(function, _tasks(list(range(60))), tmp_path / "out")
    results = again.run(LocalExecutor(2))
    assert results.values == [k * k for k in range(60)]
    assert results.reused == len(done)


def test_only_one_line_tells_that_the_scheduler_is_gone(dask_process: Callable[..., Any]) -> None:
    scheduler, address = dask_process("scheduler")
    dask_process("worker", address)
    code = (
        f"import os, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import sweep_tasks\n"
        "from mirrorneuron.flows.compute.executor import Task\n"
        "from mirrorneuron.flows.compute.dask import DaskExecutor\n"
        "tasks = [Task(str(k), (k, 0.1)) for k in range(100)]\n"
        "try:\n"
        f"    for one in DaskExecutor({address!r}).stream(sweep_tasks.square_after, tasks):\n"
        f"        if one.number == 3: os.kill({scheduler.pid}, 9)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(f"ToolFailedError the Dask scheduler at {address} went away")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_the_last_worker_gone_is_an_error_after_a_while(dask_process: Callable[..., Any]) -> None:
    _, address = dask_process("scheduler")
    worker, _ = dask_process("worker", address)
    _wait_for_workers(address, 1)
    tasks = [Task(f"task {k}", (k, 0.2)) for k in range(100)]
    stream = DaskExecutor(address, workers_s=2).stream(sweep_tasks.square_after, tasks)
    assert next(stream).failure is None
    worker.kill()
    with pytest.raises(ToolFailedError, match=f"{address} has had no worker for 2 s"):
        list(stream)


def test_no_scheduler_is_an_error_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"no Dask scheduler answers at tcp://\S+:1 within 1 s") as caught:
        DaskExecutor("tcp://127.0.0.1:1", answer_s=1).run(sweep_tasks.square, _tasks([1]))
    assert caught.value.exit_status == 3
    assert time.monotonic() - started < 10


def test_no_worker_is_an_error_in_time(dask_process: Callable[..., Any]) -> None:
    _, address = dask_process("scheduler")
    with pytest.raises(ToolFailedError, match=f"has had no worker for 0.5 s. Start some: dask worker {address}"):
        DaskExecutor(address, workers_s=0.5).run(sweep_tasks.square, _tasks([1]))


@pytest.mark.parametrize("address", ["localhost:8786", "tcp://host", "tcp://host:x", "http://host:80", "tcp://:80", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    for call in (DaskExecutor, workers_report):
        with pytest.raises(SpecError, match="looks like tcp://host:8786"):
            call(address)  # type: ignore[operator]


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tls://cluster.example:1", "tcp://[::1]:8786"])
def test_addresses(address: str) -> None:
    assert DaskExecutor(address).address == address


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingToolError, match=r"--scheduler needs.*pip install 'mirrorneuron\[dask\]'"):
        DaskExecutor("tcp://127.0.0.1:1").run(sweep_tasks.square, _tasks([1]))


def _wait_for_workers(address: str, count: int) -> None:
    with distributed.Client(address, set_as_default=False, timeout=10) as client:
        client.wait_for_workers(count, timeout=30)


def test_workers_that_lack_something_are_named(dask_process: Callable[..., Any], tmp_path: Path) -> None:
    bare = tmp_path / "bare" / "mirrorneuron"
    bare.mkdir(parents=True)
    (bare / "__init__.py").write_text("raise ModuleNotFoundError('it is not installed')\n")
    _, address = dask_process("scheduler")
    dask_process("worker", address)
    dask_process("worker", address, MIRRORNEURON_NGSPICE="/nowhere/ngspice")
    dask_process("worker", address, PYTHONPATH=str(bare.parent))
    _wait_for_workers(address, 3)
    problems = {one.problem: one for one in workers_report(address)}
    assert len(problems) == 3
    good = problems[None]
    assert good.doctor["passed"]
    assert {item["name"] for item in good.doctor["items"]} >= {"ngspice", "SKY130 PDK"}
    (lacks_package,) = [text for text in problems if text and "mirrorneuron cannot be imported" in text]
    (lacks_tool,) = [text for text in problems if text and "ngspice is missing" in text]
    assert not problems[lacks_tool].doctor["passed"]
    with pytest.raises(MissingToolError) as caught:
        DaskExecutor(address).run(sweep_tasks.square, _tasks([1]))
    message = str(caught.value)
    assert f"worker {problems[lacks_package].address} (" in message
    assert f"worker {problems[lacks_tool].address} (" in message
    assert "ngspice is missing (MIRRORNEURON_NGSPICE=/nowhere/ngspice cannot be run)" in message
    assert good.address not in message


def test_workers_of_another_version_are_refused(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = dask_workers.environment() | {"ngspice": "38", "models": "0123"}
    monkeypatch.setattr(dask_workers, "environment", lambda: ours)
    with pytest.raises(MissingToolError, match=r"tcp://.*: it has ngspice \S+, here is 38; it has models") as caught:
        DaskExecutor(cluster).run(sweep_tasks.square, _tasks([1]))
    assert str(caught.value).count("worker tcp://") == 2


def test_a_worker_that_does_not_answer_is_an_error_in_time() -> None:
    with pytest.raises(ToolTimeoutError, match=r"^who did not answer within 0\.1 s$"):
        dask_workers.within(0.1, threading.Event().wait, "who")
    with pytest.raises(OSError, match="its own"):
        dask_workers.within(5, partial(_raise, OSError("its own")), "who")
    assert dask_workers.within(5, os.getpid, "who") == os.getpid()


def _raise(error: Exception) -> None:
    raise error


def test_an_interrupted_sweep_goes_on_where_it_stopped(cluster: str, tmp_path: Path, marks: Path) -> None:
    function = partial(sweep_tasks.counted, marks=marks, seconds=0.02)
    tasks = _tasks(list(range(80)))

    def interrupt(done: int, of: int, name: str) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sweep(function, tasks, tmp_path / "out").run(DaskExecutor(cluster), progress=interrupt)
    done = len(list((tmp_path / "out" / "results").iterdir()))
    assert 20 <= done < 80
    results = Sweep(function, tasks, tmp_path / "out").run(DaskExecutor(cluster))
    assert results.values == [k * k for k in range(80)]
    assert results.reused == done


def test_a_failed_task_in_a_sweep_keeps_the_others(cluster: str, tmp_path: Path, marks: Path) -> None:
    function = partial(sweep_tasks.counted, marks=marks, bad=(3,))
    with pytest.raises(MirrorneuronError, match="task 3: no number for 3") as caught:
        Sweep(function, _tasks(list(range(20))), tmp_path / "out").run(DaskExecutor(cluster))
    assert caught.value.exit_status == 3
    assert "1 of 20 tasks failed; 19 are done" in str(caught.value)
