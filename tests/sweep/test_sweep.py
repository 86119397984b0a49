"""Results that are kept: resumed, not reused when stale, noticed when damaged, never lost."""

from __future__ import annotations

import enum
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sweep_tasks
from mirrorneuron.flows import tools
from mirrorneuron.flows.cli.progress import Display
from mirrorneuron.flows.compute.executor import LocalExecutor, Task
from mirrorneuron.flows.compute.sweep import Sweep, blocks
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.tools.folders import alone
from mirrorneuron.flows.variation.sampling import Samples, Variation, sample
from mirrorneuron.flows.variation.statistics import contributions
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, MirrorneuronError, SpecError

VERSIONS = {"mirrorneuron": "1", "models": "abc"}


def _tasks(count: int) -> list[Task]:
    return [Task(f"task {k}", (k,)) for k in range(count)]


@pytest.fixture
def sweep(tmp_path: Path, marks: Path) -> Callable[..., Sweep[int]]:
    """A sweep of `counted` in a folder."""

    def make(count: int = 6, folder: Path | None = tmp_path / "out", **bound: Any) -> Sweep[int]:
        return Sweep(partial(sweep_tasks.counted, marks=marks, **bound), _tasks(count), folder, versions=VERSIONS)

    return make


def _index(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "sweep.json").read_text())
    return found


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_run_computes_nothing(sweep: Callable[..., Sweep[int]], marks: Path, jobs: int) -> None:
    first = sweep().run(LocalExecutor(jobs))
    second = sweep().run(LocalExecutor(jobs))
    assert first.values == second.values == [k * k for k in range(6)]
    assert (first.reused, second.reused) == (0, 6)
    assert first.seconds == second.seconds
    assert sweep_tasks.calls(marks) == dict.fromkeys(range(6), 1)


def test_more_tasks_compute_what_is_new(sweep: Callable[..., Sweep[int]], marks: Path) -> None:
    sweep(4).run()
    results = sweep(6).run()
    assert (results.values, results.reused) == ([k * k for k in range(6)], 4)
    assert sweep_tasks.calls(marks) == dict.fromkeys(range(6), 1)


def test_without_a_folder_it_is_kept_in_memory(sweep: Callable[..., Sweep[int]], marks: Path, tmp_path: Path) -> None:
    one = sweep(folder=None, bad=(2,))
    with pytest.raises(EvidenceError, match="5 are done and kept in memory"):
        one.run()
    (marks / "mended").touch()
    results = one.run()
    assert (results.values, results.reused) == ([k * k for k in range(6)], 5)
    assert sweep_tasks.calls(marks)[2] == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_task_does_not_lose_the_others(
    sweep: Callable[..., Sweep[int]], marks: Path, tmp_path: Path, jobs: int
) -> None:
    one = sweep(bad=(1, 4))
    with pytest.raises(EvidenceError) as caught:
        one.run(LocalExecutor(jobs))
    assert str(caught.value) == (
        f"task 1: no number for 1\n2 of 6 tasks failed; 4 are done and kept in {tmp_path / 'out'}. "
        "Run the same command again: only the missing results are computed."
    )
    assert one.done == {f"task {k}": k * k for k in (0, 2, 3, 5)}
    index = _index(tmp_path / "out")
    assert (index["done"], index["failed"], index["missing"]) == (4, 2, 0)
    assert index["tasks"][4] == {
        "name": "task 4",
        "state": "failed",
        "key": one.keys[4],
        "error": "EvidenceError: task 4: no number for 4",
    }
    (marks / "mended").touch()
    results = sweep(bad=(1, 4)).run(LocalExecutor(jobs))
    assert (results.values, results.reused) == ([k * k for k in range(6)], 4)
    assert sweep_tasks.calls(marks) == {0: 1, 1: 2, 2: 1, 3: 1, 4: 2, 5: 1}
    assert _index(tmp_path / "out")["failed"] == 0


def test_interrupted_it_goes_on_where_it_stopped(sweep: Callable[..., Sweep[int]], marks: Path, tmp_path: Path) -> None:
    def interrupt(done: int, of: int, name: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep().run(progress=interrupt)
    assert _index(tmp_path / "out")["done"] == 3
    seen: list[tuple[int, int, str]] = []
    results = sweep().run(progress=lambda *what: seen.append(what))
    assert results.reused == 3
    assert seen == [(3, 6, "3 from before"), *((k + 1, 6, f"task {k}") for k in (3, 4, 5))]
    assert sweep_tasks.calls(marks) == dict.fromkeys(range(6), 1)


PROGRAM = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {here!r})
import sweep_tasks
from mirrorneuron.flows.compute.executor import LocalExecutor, Task
from mirrorneuron.flows.compute.sweep import Sweep

tasks = [Task(f"task {{k}}", (k,)) for k in range(100)]
function = partial(sweep_tasks.counted, marks=Path({marks!r}), seconds=0.01)
Sweep(function, tasks, Path({out!r}), versions={versions!r}).run(LocalExecutor({jobs}))
"""


@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGINT, 2), (signal.SIGKILL, 2), (signal.SIGKILL, 1)])
def test_ended_by_a_signal_it_goes_on_where_it_stopped(
    number: signal.Signals, jobs: int, tmp_path: Path, marks: Path
) -> None:
    out = tmp_path / "out"
    where = {"here": str(Path(__file__).parent), "marks": str(marks), "out": str(out)}
    code = PROGRAM.format(**where, versions=VERSIONS, jobs=jobs)
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while len(list((out / "results").glob("*.result"))) < 10 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    process.wait(timeout=10)
    done = len(list((out / "results").glob("*.result")))
    assert 10 <= done < 100
    results = Sweep(partial(sweep_tasks.counted, marks=marks, seconds=0.01), _tasks(100), out, versions=VERSIONS).run(
        LocalExecutor(2)
    )
    assert results.values == [k * k for k in range(100)]
    assert (results.reused, results.damaged) == (done, 0)
    # At most what was under way is computed twice.
    assert sum(sweep_tasks.calls(marks).values()) <= 100 + jobs


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        lambda data: b"something else",
    ],
)
def test_a_damaged_result_is_computed_again(
    sweep: Callable[..., Sweep[int]], marks: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    one = sweep()
    one.run()
    path = tmp_path / "out" / "results" / f"{one.keys[2]}.result"
    path.write_bytes(damage(path.read_bytes()))
    results = sweep().run()
    assert results.values == [k * k for k in range(6)]
    assert (results.reused, results.damaged) == (5, 1)
    assert sweep_tasks.calls(marks)[2] == 2
    assert sweep().run().damaged == 0


def test_a_result_under_another_name_is_not_taken(sweep: Callable[..., Sweep[int]], tmp_path: Path) -> None:
    one = sweep()
    one.run()
    folder = tmp_path / "out" / "results"
    (folder / f"{one.keys[2]}.result").replace(folder / f"{one.keys[3]}.result")
    results = sweep().run()
    assert results.values == [k * k for k in range(6)]
    assert (results.reused, results.damaged) == (4, 1)


def test_half_written_files_are_removed(sweep: Callable[..., Sweep[int]], tmp_path: Path) -> None:
    one = sweep()
    one.run()
    rest = tmp_path / "out" / "results" / f".{one.keys[0]}.result.123"
    rest.write_bytes(b"mirr")
    sweep().run()
    assert not rest.exists()


def test_two_runs_on_one_folder_are_refused(sweep: Callable[..., Sweep[int]], tmp_path: Path) -> None:
    sweep().run()
    with alone(tmp_path / "out"), pytest.raises(FileError, match="in use by another run"):
        sweep().run()
    assert sweep().run().reused == 6


def test_a_folder_that_cannot_be_used(sweep: Callable[..., Sweep[int]], tmp_path: Path, marks: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot write there"):
        sweep(folder=tmp_path / "file").run()
    assert sweep_tasks.calls(marks) == {}


def test_a_full_disk_keeps_what_is_done(
    sweep: Callable[..., Sweep[int]], marks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if ".result" in path.name and len(list(path.parent.glob("*.result"))) == 3:
            raise OSError(28, "No space left on device", str(path))
        return plain(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        with pytest.raises(FileError, match=r"cannot be written: No space left on device.*Results so far are kept"):
            sweep().run()
    assert sorted(path.name[0] == "." for path in (tmp_path / "out" / "results").iterdir()) == [False] * 3
    assert sweep().run().reused == 3


def test_the_index_tells_a_person(sweep: Callable[..., Sweep[int]], tmp_path: Path) -> None:
    one = sweep(2)
    one.run()
    index = _index(tmp_path / "out")
    assert index["function"] == "sweep_tasks.counted"
    assert index["versions"] == VERSIONS
    assert (index["done"], index["failed"], index["missing"]) == (2, 0, 0)
    assert [task["name"] for task in index["tasks"]] == ["task 0", "task 1"]
    assert index["tasks"][0]["key"] == one.keys[0]
    assert index["tasks"][0]["where"] == f"process {os.getpid()}"


def test_progress_can_be_shown(sweep: Callable[..., Sweep[int]], capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        display.started("sweep")
        sweep().run(progress=lambda done, of, name: display.advanced("sweep", done, of))
        display.ended("sweep", True, 1.0)
    assert capsys.readouterr().err.split() == ["sweep", "1.0", "s", "ok"]


def test_results_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    tasks = [Task("good", (False,)), Task("bad", (True,))]
    sweep: Sweep[Any] = Sweep(sweep_tasks.unsendable, tasks, tmp_path / "out", versions=VERSIONS)
    with pytest.raises(SpecError, match="bad: its result, a function, cannot be written"):
        sweep.run()


def test_names_are_told_apart() -> None:
    with pytest.raises(SpecError, match="two tasks are called b"):
        Sweep(sweep_tasks.square, [Task("a", (1,)), Task("b", (2,)), Task("b", (3,))], versions=VERSIONS)


# Keys


def _key(function: Any, *arguments: Any, **keywords: Any) -> str:
    return Sweep(function, [Task("a", arguments, keywords)], versions=VERSIONS).keys[0]


@dataclass(frozen=True)
class _One:
    a: Any
    b: int = 0


@dataclass(frozen=True)
class _Two:
    a: Any
    b: int = 0


class _Colour(enum.Enum):
    RED = 1
    BLUE = 2


def test_everything_that_differs_gives_another_key(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "y.txt").write_text("y")
    values: list[Any] = [
        None, False, True, 0, 1, 1.0, 2, "1", b"1", "", (), (1,), (1, 2), ((1,), 2), (1, (2,)), ("ab", "c"),
        ("a", "bc"),
        {}, {"a": 1}, {"a": 2}, {"b": 1}, {1}, {1, 2}, range(3), range(1, 3), float("nan"), 1e300, complex(1, 0),
        np.arange(4), np.arange(4.0), np.arange(4).reshape(2, 2), np.arange(5), np.float64(2), np.int8(2),
        _One(1), _One(2), _Two(1), _One(1, 1), _One(_One(1)), _Colour.RED, _Colour.BLUE, int, float, len,
        sweep_tasks.square, sweep_tasks.fail, partial(sweep_tasks.fail, 1), partial(sweep_tasks.fail, 2),
        tmp_path / "x.txt", tmp_path / "y.txt", tmp_path, tmp_path / "none",
    ]  # fmt: skip
    keys = [_key(sweep_tasks.square, value) for value in values]
    keys += [_key(sweep_tasks.square, a=1), _key(sweep_tasks.square, 1, 2), _key(sweep_tasks.fail, 1)]
    assert len(set(keys)) == len(keys)


def test_what_is_equal_gives_the_same_key() -> None:
    same: list[tuple[Any, Any]] = [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"x", "y", "z"}, {"z", "y", "x"}),
        (
            np.arange(6).reshape(2, 3),
            np.arange(6).reshape(3, 2).T.copy().reshape(2, 3) * 0 + np.arange(6).reshape(2, 3),
        ),
        (np.arange(6).reshape(2, 3).T, np.asarray([[0, 3], [1, 4], [2, 5]])),
        (_One(np.arange(3)), _One(np.arange(3))),
        (0.1 + 0.2, 0.30000000000000004),
    ]
    for one, other in same:
        assert _key(sweep_tasks.square, one) == _key(sweep_tasks.square, other)


def test_the_name_of_a_task_is_not_part_of_its_key() -> None:
    names = [Sweep(sweep_tasks.square, [Task(name, (1,))], versions=VERSIONS).keys for name in ("a", "b")]
    assert names[0] == names[1]


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import sweep_tasks\n"
        "from mirrorneuron.flows.compute.executor import Task\n"
        "from mirrorneuron.flows.compute.sweep import Sweep\n"
        "task = Task('a', ({'p', 'q', 'r'}, {'x': 1, 'y': (2.5, None)}))\n"
        f"print(Sweep(sweep_tasks.square, [task], versions={VERSIONS!r}).keys[0])\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {_key(sweep_tasks.square, {"p", "q", "r"}, {"x": 1, "y": (2.5, None)})}


def test_what_has_no_fixed_value_is_refused() -> None:
    with pytest.raises(SpecError, match="of type Generator has no fixed value"):
        _key(sweep_tasks.square, np.random.default_rng(1))
    k = 3
    with pytest.raises(SpecError, match="uses variables of an enclosing function"):
        _key(lambda: k)


def test_another_source_of_a_function_gives_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    keys = []
    for factor in (2, 3):
        (tmp_path / "changing.py").write_text(f"def f(k):\n    return {factor} * k\n")
        sys.modules.pop("changing", None)
        import linecache

        linecache.clearcache()
        import changing

        keys.append(_key(changing.f, 1))
    sys.modules.pop("changing")
    assert keys[0] != keys[1]


def test_other_versions_reuse_nothing(tmp_path: Path, marks: Path) -> None:
    function = partial(sweep_tasks.counted, marks=marks)
    for versions in (VERSIONS, VERSIONS | {"models": "abd"}, VERSIONS | {"mirrorneuron": "2"}):
        assert Sweep(function, _tasks(2), tmp_path / "out", versions=versions).run().reused == 0
    assert sweep_tasks.calls(marks) == {0: 3, 1: 3}
    assert Sweep(function, _tasks(2), tmp_path / "out", versions=VERSIONS).run().reused == 2


def test_by_default_the_versions_are_those_of_this_machine() -> None:
    versions = Sweep(sweep_tasks.square, []).versions
    assert versions["ngspice"] == tools.version("ngspice")
    assert {"mirrorneuron", "models"} < versions.keys()


# Benches


def _current(mirror: Bench, folder: Path) -> Sweep[float]:
    return Sweep(partial(sweep_tasks.current, mirror), [Task("tt 0.9 V", ("tt", 0.9))], folder)


def test_a_changed_netlist_is_simulated_again(mirror: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    first = _current(mirror, folder).run()
    assert _current(replace(mirror), folder).run().reused == 1
    text = mirror.netlist.read_text()
    output, wider = (f"xunit out in vss vss sky130_fd_pr__nfet_01v8 w={width}" for width in (2, 4))
    mirror.netlist.write_text(text.replace(output, wider))
    changed = _current(replace(mirror), folder).run()
    assert changed.reused == 0
    assert 1.8 < changed.values[0] / first.values[0] < 2.3
    # The first result is still there, for the first netlist.
    mirror.netlist.write_text(text)
    again = _current(replace(mirror), folder).run()
    assert (again.reused, again.values) == (1, first.values)
    # A result says where its netlist lay, so another place is another result.
    moved = tmp_path / "elsewhere.spice"
    moved.write_text(text)
    assert _current(replace(mirror, netlist=moved), folder).run().reused == 0


def test_a_changed_included_file_gives_another_key(mirror: Bench, tmp_path: Path) -> None:
    outer = tmp_path / "outer.spice"
    outer.write_text(f".include {mirror.netlist.name}\n")
    bench = replace(mirror, netlist=outer)
    before = _key(sweep_tasks.current, bench)
    assert _key(sweep_tasks.current, replace(bench)) == before
    mirror.netlist.write_text(mirror.netlist.read_text().replace("w=2", "w=3"))
    assert _key(sweep_tasks.current, replace(bench)) != before


def test_workers_need_not_see_the_netlist(mirror: Bench, tmp_path: Path) -> None:
    sweep = _current(mirror, tmp_path / "out")
    mirror.netlist.unlink()
    assert sweep.run(LocalExecutor(2)).values[0] == pytest.approx(1e-6, rel=0.1)


def test_a_netlist_that_is_not_there_is_bad_input(mirror: Bench, tmp_path: Path) -> None:
    with pytest.raises(MirrorneuronError) as caught:
        _current(replace(mirror, netlist=tmp_path / "none.spice"), tmp_path / "out")
    assert caught.value.exit_status == 2


def test_samples_in_blocks_are_those_of_one_run_and_tell_the_devices_parts(mirror: Bench, tmp_path: Path) -> None:
    variation = Variation(count=60, seed=3)
    tasks = [Task(f"samples {block[0]} to {block[-1]}", (), {"which": block}) for block in blocks(60, 25)]
    sweep = Sweep(partial(sample, mirror, Condition(), variation), tasks, tmp_path / "out")
    found = Samples.join(sweep.run(LocalExecutor(2)).values)
    whole = sample(mirror, Condition(), variation)
    current = found["op"].i("out")[:, 0]
    np.testing.assert_array_equal(found.drawn, whole.drawn)
    np.testing.assert_allclose(current, whole["op"].i("out")[:, 0], rtol=1e-6)
    parts = contributions(found.drawn, found.names, np.log(current), sigmas=np.ones(len(found.names)))
    # Two equal transistors, each with half of the variance.
    assert sorted(part.name for part in parts.parts) == ["xref.vth", "xunit.vth"]
    assert [part.share for part in parts.parts] == pytest.approx([0.5, 0.5], abs=0.15)
    assert parts.unexplained.share < 0.02


def test_blocks() -> None:
    assert blocks(120) == [range(0, 50), range(50, 100), range(100, 120)]
    assert blocks(3, 50) == [range(0, 3)]
    assert blocks(200)[:2] == blocks(120)[:2]
    for count, size in ((0, 50), (10, 0)):
        with pytest.raises(SpecError, match="both must be at least 1"):
            blocks(count, size)
