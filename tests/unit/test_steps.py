"""The runner of steps: order, skips, errors, evidence, times and progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from mirrorneuron.flows import steps
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.steps import Inputs, Product, Record, Skip, Step
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError

SPEC = Product[str]("spec")
DRAWN = Product[str]("drawn", "the cell was not drawn")
NETS = Product[str]("nets", "the layout was not extracted")
NUMBERS = Product[str]("numbers", "nothing was simulated")


def good(value: str = "made", name: str = "ran") -> Callable[[Inputs], tuple[str, list[Check]]]:
    return lambda _: (value, [Check("any", name, True)])


def failing(error: BaseException) -> Callable[[Inputs], tuple[str, list[Check]]]:
    def run(_: Inputs) -> tuple[str, list[Check]]:
        raise error

    return run


def record() -> Record:
    start = Record()
    start.put(SPEC, "neuron")
    return start


def test_a_step_gets_what_others_made() -> None:
    def simulate(inputs: Inputs) -> tuple[str, list[Check]]:
        return f"{inputs[SPEC]}, {inputs[NETS]}, {inputs.get(DRAWN)}", [Check("simulate", "numbers", True)]

    plan = [
        Step("build", (SPEC,), DRAWN, good("gds")),
        Step("extract", (DRAWN,), NETS, good("pex")),
        Step("simulate", (SPEC, NETS), NUMBERS, simulate, after=(DRAWN,)),
    ]
    result = steps.run(plan, record(), jobs=2)
    assert result[NUMBERS] == "neuron, pex, gds"
    assert [check.passed for check in result.checks] == [True] * 3
    assert list(result.seconds) == ["build", "extract", "simulate"]


def test_what_lacks_a_need_is_a_failed_check_with_the_reason() -> None:
    plan = [
        Step("build", (SPEC,), DRAWN, failing(EvidenceError("no room on the disk"))),
        Step("extract", (DRAWN,), NETS, good()),
        Step("simulate", (NETS,), NUMBERS, good(), part="after layout"),
        Step("report", (SPEC,), Product[str]("report"), good(), after=(NUMBERS,)),
    ]
    result = steps.run(plan, record())
    assert [(check.step, check.name, check.passed, check.detail) for check in result.checks] == [
        ("build", "ran", False, "no room on the disk"),
        ("extract", "ran", False, "skipped because the cell was not drawn"),
        ("simulate", "after layout: ran", False, "skipped because the layout was not extracted"),
        ("any", "ran", True, ""),
    ]
    assert [str(error) for error in result.errors] == ["no room on the disk"]
    assert list(result.seconds) == ["build", "report"]


def test_a_start_that_lacks_something_says_why() -> None:
    start = record()
    start.lack(DRAWN, "there is no testbench for neuron")
    result = steps.run([Step("simulate", (DRAWN,), NUMBERS, good())], start)
    assert result.checks[0].detail == "skipped because there is no testbench for neuron"


def test_a_step_may_skip_itself() -> None:
    result = steps.run([Step("matching", (SPEC,), DRAWN, failing(Skip("the cell has no device")))], record())
    (check,) = result.checks
    assert (check.passed, check.detail, result.errors) == (False, "skipped because the cell has no device", [])
    assert DRAWN not in result


def test_a_step_without_a_check_has_not_passed() -> None:
    result = steps.run([Step("drc", (SPEC,), DRAWN, lambda _: ("made", []))], record())
    (check,) = result.checks
    assert (check.step, check.name, check.passed) == ("drc", "evidence", False)
    assert "left no check" in check.detail


def test_an_error_of_a_vital_step_ends_the_run() -> None:
    plan = [
        Step("build", (SPEC,), DRAWN, failing(InputError("weights are missing")), vital=True),
        Step("extract", (SPEC,), NETS, lambda _: pytest.fail("it ran"), after=(DRAWN,)),
    ]
    with pytest.raises(InputError, match="weights are missing"):
        steps.run(plan, record(), jobs=2)


def test_a_fault_of_ours_is_not_hidden() -> None:
    plan = [Step("drc", (SPEC,), DRAWN, failing(ZeroDivisionError())), Step("lvs", (SPEC,), NETS, good())]
    with pytest.raises(ZeroDivisionError):
        steps.run(plan, record(), jobs=2)


def test_steps_run_side_by_side_the_longest_first() -> None:
    started: list[str] = []
    both = threading.Barrier(2, timeout=10)

    def meeting(name: str) -> Callable[[Inputs], tuple[str, list[Check]]]:
        def run(_: Inputs) -> tuple[str, list[Check]]:
            started.append(name)
            if len(started) <= 2:
                both.wait()
            return name, [Check(name, "ran", True)]

        return run

    plan = [
        Step("lvs", (SPEC,), DRAWN, meeting("lvs"), seconds=1),
        Step("drc", (SPEC,), NETS, meeting("drc"), seconds=30),
        Step("extract", (SPEC,), NUMBERS, meeting("extract"), seconds=20),
    ]
    steps.run(plan, record(), jobs=2)
    assert set(started[:2]) == {"drc", "extract"}


def test_the_watcher_sees_tasks_their_progress_and_verdict() -> None:
    seen: list[tuple[Any, ...]] = []

    class Watcher:
        def started(self, task: str) -> None:
            seen.append((task,))

        def advanced(self, task: str, done: int, of: int) -> None:
            seen.append((task, done, of))

        def ended(self, task: str, passed: bool, seconds: float) -> None:
            assert seconds >= 0
            seen.append((task, passed))

    def simulate(inputs: Inputs) -> tuple[str, list[Check]]:
        inputs.task.progress(3, 7)
        return "", [Check("simulate", "numbers", False)]

    steps.run([Step("simulate", (SPEC,), NUMBERS, simulate, part="schematic")], record(), watcher=Watcher())
    assert seen == [("simulate schematic",), ("simulate schematic", 3, 7), ("simulate schematic", False)]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ([Step("lvs", (DRAWN,), NETS, good())], "lvs needs drawn, which no step before it makes"),
        (
            [Step("lvs", (SPEC,), NETS, good(), after=(DRAWN,)), Step("build", (SPEC,), DRAWN, good())],
            "lvs needs drawn, which no step before it makes",
        ),
        ([Step("build", (SPEC,), SPEC, good())], "build makes spec, which is made already"),
        ([Step("a", (SPEC,), NETS, good()), Step("b", (SPEC,), NETS, good())], "b makes nets, which is made already"),
    ],
)
def test_steps_declared_wrongly_are_refused(plan: Sequence[Step[Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        steps.run(plan, record())
