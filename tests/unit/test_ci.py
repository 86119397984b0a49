"""Reports for CI systems: every failure is one there, and nothing that broke looks like a pass."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from mirrorneuron.flows.drc import DrcResult, Violation
from mirrorneuron.flows.lvs import LvsResult
from mirrorneuron.flows.reports import ci
from mirrorneuron.flows.results.check import Check

GOOD = Check("drc", "official: violations", True, 0, 0, detail="575 rules run")
BAD = Check("judge", 'Settling <of> "a | b" & c', False, 0.625, 0.5, "us", "late \x00 by 0.12 us")


def suite(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    (only,) = root
    return only


def test_junit() -> None:
    found = suite(ci.junit("mirrorneuron drc a.gds", [GOOD, BAD], 1))
    assert found.attrib == {
        "name": "mirrorneuron drc a.gds",
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    good, bad = found
    assert (good.get("classname"), good.get("name"), len(good)) == ("drc", "official: violations", 0)
    (failure,) = bad
    assert failure.tag == "failure"
    assert "0.625 us (limit 0.5 us)" in failure.get("message", "")
    assert failure.text == "late ? by 0.12 us"


@pytest.mark.parametrize(
    ("listed", "status", "message"), [([], 3, "no klayout"), ([GOOD], 2, "bad"), ([GOOD], 1, None)]
)
def test_what_broke_is_an_error(listed: list[Check], status: int, message: str | None) -> None:
    found = suite(ci.junit("title", listed, status, message))
    assert found.get("errors") == "1"
    assert found[-1][0].tag == "error"
    assert found[-1][0].get("message") == (message or "exit status 1")
    assert "passed" not in ci.markdown("title", listed, status, message).splitlines()[0]


def test_markdown() -> None:
    text = ci.markdown("mirrorneuron drc a_b.gds", [GOOD, BAD], 1)
    lines = text.splitlines()
    assert lines[0] == r"## mirrorneuron drc a\_b.gds: failed"
    # What failed comes first; a bar in a name is no column.
    assert lines[4].startswith('| **failed** | judge | Settling &lt;of&gt; "a \\| b" & c | 0.625 us | 0.5 us |')
    assert lines[5].startswith("| ok | drc |")
    assert text.endswith("\n\n")
    assert ci.markdown("x", [GOOD], 0).startswith("## x: passed\n")


def test_a_check_for_each_rule_that_is_violated() -> None:
    places = [Violation("official", "m1.2", "spacing < 0.14", "met1", x, 2.0) for x in range(5)]
    other = Violation("magic", "m1.1", "width", "met1", 0.0, 0.0)
    found = DrcResult((*places, other), {"official": 575, "magic": 300}).checks()
    failed = {check.name: check for check in found if not check.passed}
    assert set(failed) == {"official: violations", "official: m1.2", "magic: violations", "magic: m1.1"}
    assert failed["official: m1.2"].value == 5
    assert failed["official: m1.2"].detail.endswith("(0.000, 2.000), (1.000, 2.000), (2.000, 2.000) um and 2 more")
    assert all(check.passed for check in DrcResult((), {"official": 575}).checks())


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        (DrcResult((), {}), {"rules run"}),
        (DrcResult((Violation("new", "r", "t", "", 0.0, 0.0),), {"official": 5}), {"rules run", "new: r"}),
    ],
)
def test_no_rules_is_no_pass(result: DrcResult, failed: set[str]) -> None:
    assert {check.name for check in result.checks() if not check.passed} == failed


def test_lvs_without_devices() -> None:
    found = LvsResult(False, 0, True, True, ()).checks()
    assert {check.name for check in found if not check.passed} == {"devices compared", "both agree on a match"}
