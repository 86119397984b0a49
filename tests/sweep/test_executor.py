"""Tasks on processes of this machine: order, errors, deaths, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sweep_tasks
from mirrorneuron.flows import tools
from mirrorneuron.flows.compute.executor import Executor, LocalExecutor, Task, environment, open_executor
from mirrorneuron.pdk_sky130 import errors
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError, ToolFailedError

LOCAL = [pytest.param(LocalExecutor(1), id="here"), pytest.param(LocalExecutor(2), id="processes")]


def _tasks(arguments: list[Any]) -> list[Task]:
    return [Task(f"task {k}", (argument,)) for k, argument in enumerate(arguments)]


def _gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("executor", LOCAL)
def test_values_come_in_the_tasks_order(executor: Executor) -> None:
    seen: list[tuple[int, int, str]] = []
    tasks = [Task(f"task {k}", (k,), {"seconds": 0.2 if k == 0 else 0.0}) for k in range(20)]
    values = executor.run(sweep_tasks.square_after, tasks, progress=lambda *what: seen.append(what))
    assert values == [k * k for k in range(20)]
    assert [done for done, _, _ in seen] == list(range(1, 21))
    assert {of for _, of, _ in seen} == {20}
    assert sorted(name for _, _, name in seen) == sorted(task.name for task in tasks)
    if executor.jobs > 1:  # type: ignore[attr-defined]
        assert seen[0][2] != "task 0"


def test_one_job_is_this_process_and_takes_anything() -> None:
    here: list[int] = []
    assert LocalExecutor(1).run(lambda k: here.append(k) or os.getpid(), _tasks([1, 2])) == [os.getpid()] * 2
    assert here == [1, 2]


def test_more_jobs_are_other_processes() -> None:
    found = LocalExecutor(2).run(sweep_tasks.process, _tasks(list(range(8))))
    assert len(set(found)) == 2
    assert os.getpid() not in found


def test_no_task_is_no_work() -> None:
    for jobs in (1, 2):
        assert LocalExecutor(jobs).run(sweep_tasks.square, []) == []


def test_what_the_function_is_bound_to_goes_along() -> None:
    tasks = _tasks([2, 3])
    assert LocalExecutor(2).run(partial(sweep_tasks.square_after, seconds=0.0), tasks) == [4, 9]


@pytest.mark.parametrize("executor", LOCAL)
def test_our_errors_keep_their_type_and_name_the_task(executor: Executor) -> None:
    kinds = [name for name in errors.__all__ if name != "MirrorneuronError"]
    failures = {one.number: one.failure for one in executor.stream(sweep_tasks.fail, _tasks(kinds))}
    assert len(failures) == len(kinds) > 8
    for number, kind in enumerate(kinds):
        failure = failures[number]
        assert failure is not None
        error = failure.error()
        assert type(error) is getattr(errors, kind)
        assert error.exit_status == getattr(errors, kind).exit_status
        assert str(error) == f"task {number}: the reason"


@pytest.mark.parametrize("executor", LOCAL)
def test_the_first_failure_in_order_is_raised(executor: Executor) -> None:
    with pytest.raises(MirrorneuronError) as caught:
        executor.run(sweep_tasks.fail, _tasks([None, "SpecError", "FileError"]))
    assert (type(caught.value), str(caught.value)) == (SpecError, "task 1: the reason")


@pytest.mark.parametrize("executor", LOCAL)
def test_other_errors_are_failures_that_name_the_task(executor: Executor) -> None:
    with pytest.raises(ToolFailedError) as caught:
        executor.run(sweep_tasks.fail, _tasks([None, "other"]))
    assert str(caught.value) == "task 1: ValueError: a bug"
    assert "in fail" in caught.value.__notes__[0]  # where in the code, for who looks for it


def test_an_exit_ends_the_program_or_is_a_failure_of_another_process() -> None:
    with pytest.raises(SystemExit):
        LocalExecutor(1).run(sweep_tasks.fail, _tasks([None, "exit"]))
    with pytest.raises(ToolFailedError, match="task 1: SystemExit: 7"):
        LocalExecutor(2).run(sweep_tasks.fail, _tasks([None, "exit"]))


@pytest.mark.parametrize("executor", LOCAL)
def test_a_failure_stops_no_other_task(executor: Executor) -> None:
    found = {one.number: one for one in executor.stream(sweep_tasks.fail, _tasks(["SpecError", None, "other", None]))}
    assert [found[k].value for k in range(4)] == [None, "fine", None, "fine"]
    assert [found[k].failure is None for k in range(4)] == [False, True, False, True]
    assert all(one.seconds >= 0 and one.where.startswith("process ") for one in found.values())


def test_a_process_that_is_killed_costs_its_task_only() -> None:
    tasks = _tasks(list(range(12)))
    found = {one.number: one for one in LocalExecutor(2).stream(partial(sweep_tasks.die, when=5), tasks)}
    assert [found[k].value for k in range(12) if k != 5] == [k for k in range(12) if k != 5]
    failure = found[5].failure
    assert failure is not None
    assert failure.kind is ToolFailedError
    assert failure.message.startswith("task 5: its process was ended by SIGKILL")


def test_killed_for_every_task_it_still_ends() -> None:
    found = list(LocalExecutor(2).stream(partial(sweep_tasks.die, when=1), _tasks([1] * 4)))
    assert sorted(one.number for one in found) == [0, 1, 2, 3]
    assert all(one.failure is not None for one in found)


def test_a_result_that_cannot_be_sent_is_a_failure() -> None:
    with pytest.raises(SpecError, match="task 1: its result, a function, cannot be sent"):
        LocalExecutor(2).run(sweep_tasks.unsendable, _tasks([False, True]))


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(SpecError, match=r"lambda.* cannot be sent to another process"):
        LocalExecutor(2).run(lambda k: k, _tasks([1]))
    with pytest.raises(SpecError, match="task 1 cannot be sent to another process"):
        LocalExecutor(2).run(sweep_tasks.square, _tasks([1, lambda: None]))


def test_a_function_of_the_program_itself_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from mirrorneuron.flows.compute.executor import LocalExecutor, Task\n"
        "def own(k): return k\n"
        "try: LocalExecutor(2).run(own, [Task('a', (1,))])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("SpecError __main__.own is defined in the program that runs")
    assert done.stderr == ""


def test_a_function_that_workers_cannot_import_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "for_a_while.py").write_text("def f(k):\n    return k\n")
    monkeypatch.syspath_prepend(tmp_path)
    import for_a_while

    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(tmp_path)])
    with pytest.raises(SpecError, match=r"cannot load the function or its task: ModuleNotFoundError.*for_a_while"):
        LocalExecutor(2).run(for_a_while.f, _tasks([1, 2]))


def test_what_a_task_prints_is_not_in_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    assert LocalExecutor(2).run(sweep_tasks.speak, _tasks(["hello"])) == ["hello"]
    out, err = capfd.readouterr()
    assert (out, err) == ("", "hello\n")


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_processes_are_refused(jobs: int) -> None:
    with pytest.raises(SpecError, match=f"jobs={jobs}: at least one"):
        open_executor(jobs)


def test_processes_end_with_the_stream(tmp_path: Path) -> None:
    stream = LocalExecutor(2).stream(sweep_tasks.process, _tasks(list(range(10))))
    found = {next(stream).value for _ in range(4)}
    stream.close()
    assert len(found) == 2
    assert all(_gone(pid) for pid in found if pid is not None)


HANGING = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {here!r})
import sweep_tasks
from mirrorneuron.flows.compute.executor import LocalExecutor, Task

LocalExecutor(2).run(partial(sweep_tasks.hang_in_a_tool, marks=Path({marks!r})), [Task("a", (1,)), Task("b", (2,))])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_this_one(
    number: signal.Signals, marks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ngspice"
    program.write_text('#!/bin/sh\necho $$ >"$1/$PPID"\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setenv(tools.TOOLS["ngspice"].variable, str(program))
    code = HANGING.format(here=str(Path(__file__).parent), marks=str(marks))
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while len([mark for mark in marks.iterdir() if mark.read_text()]) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    pids = [int(text) for mark in marks.iterdir() for text in (mark.name, mark.read_text())]
    assert len(pids) == 4
    caller.send_signal(number)
    caller.wait(timeout=10)
    assert all(_gone(pid) for pid in pids)


def test_the_environment_names_what_results_depend_on() -> None:
    found = environment()
    assert set(found) == {"mirrorneuron", "python", "numpy", "scipy", "ngspice", "models"}
    assert found["ngspice"] == tools.version("ngspice")
    assert all(found.values())
