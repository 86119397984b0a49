"""The report's page: what is on it, and that it needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mirrorneuron.flows.drc import DrcResult, Violation
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.signoff import Signoff
from mirrorneuron.flows.signoff import page as report
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.neuron import bench as neuron
from mirrorneuron.pdk_sky130.errors import EvidenceError

from .conftest import Steps, matched, measurement

_VOID = {"meta", "link", "img", "br", "hr", "input"}


class _Page(HTMLParser):
    """Text, identifiers and references of a page; `open` is what was not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []
        self.references += [values[name] or "" for name in ("src", "href", "xlink:href") if name in values]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the plots out: they take a second."""
    monkeypatch.setattr(neuron, "BENCH", replace(neuron.BENCH, plots=lambda _: []))


def _text(found: Signoff) -> str:
    return Path(found.files["report"]).read_text()


def test_the_page_is_whole_and_needs_nothing_else(signed: Callable[..., Signoff]) -> None:
    found = signed()
    text = _text(found)
    shown = _Page(text)
    assert not shown.open
    assert len(shown.ids) == len(set(shown.ids)) > 50
    # Pictures are in it; identifiers are all that it refers to.
    kinds = {
        "data" if reference.startswith("data:image/png;base64,") else reference[:1] for reference in shown.references
    }
    assert kinds == {"data", "#"}
    assert {reference[1:] for reference in shown.references if reference.startswith("#")} <= set(shown.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(shown.ids)
    assert not re.search(r"@import|url\((?!#)|<script|<link", text)
    assert text.count("<svg") == 5
    # The same results give the same page, however long they took.
    found.seconds["drc"] = 1e6
    assert report.render(found) == text


@pytest.mark.usefixtures("plain")
def test_everything_is_on_it(signed: Callable[..., Signoff]) -> None:
    found = signed(command="mirrorneuron signoff pair.yaml")
    shown = _Page(_text(found))
    assert "PASSED" in shown.text
    for judgement in found.judgements:
        assert judgement.title in shown.text
        assert judgement.target.conditions in shown.text
    for check in found.checks:
        assert check.name in shown.text
    for word in ("weights", "[1, -1]", "ngspice", "150", "mirrorneuron signoff pair.yaml"):
        assert word in shown.text
    assert all(path in shown.text for path in found.files.values())


@pytest.mark.usefixtures("plain")
def test_the_matched_groups_are_on_it(signed: Callable[..., Signoff], steps: Steps) -> None:
    found = signed()
    section = _text(found).partition("<h2>Matching</h2>")[2].partition("</section>")[0]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section)
    first = ["bias (mirror)", "2", "1", "bias", "2", "1", "0", "0.8", "2", "1.87 to 4.5", "0.5", "closed"]
    assert cells == [*first, "", "", "", "iout", "4", "2", "0.25", "1.1", "", "", "", ""]
    # One output alone has nothing to match with.
    assert "lonely" not in cells
    assert found.as_record()["matching"] == matched().as_json()
    steps.matching = EvidenceError("it broke")
    assert "<h2>Matching</h2>" not in _text(signed())


def test_a_cell_without_a_testbench(signed: Callable[..., Signoff], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "bench_of", lambda _: None)
    shown = _Page(_text(signed()))
    assert not shown.open
    for text in ("FAILED", "Nothing was simulated.", "Nothing was judged.", "there is no testbench for neuron"):
        assert text in shown.text


@pytest.mark.usefixtures("plain")
def test_what_failed_is_told(signed: Callable[..., Signoff], steps: Steps) -> None:
    steps.drc = DrcResult(
        (Violation("magic", "met1.1", "width < 0.14um", "met1", 1.0, 2.0),), {"official": 9, "magic": 9}
    )
    steps.layout = measurement(missing={"sum_error_rms": "the transfer turns"})
    shown = _Page(_text(signed()))
    assert "FAILED" in shown.text
    assert "PASSED" not in shown.text
    assert "What failed" in shown.text
    assert "width < 0.14um; at (1.000, 2.000) um" in shown.text
    assert "no number: the transfer turns" in shown.text


def test_nothing_simulated(signed: Callable[..., Signoff], steps: Steps) -> None:
    steps.schematic = steps.layout = EvidenceError("no numbers came")
    shown = _Page(_text(signed()))
    assert "Nothing was simulated." in shown.text
    assert "no numbers came" in shown.text
    assert "FAILED" in shown.text


def test_a_schematic_alone_is_shown(signed: Callable[..., Signoff], steps: Steps) -> None:
    steps.layout = EvidenceError("no numbers came")
    steps.schematic = replace(measurement(), fit=None)
    text = _text(signed())
    assert "(schematic)" in text
    assert text.count("<svg") == 5


@pytest.mark.usefixtures("plain")
def test_text_cannot_become_markup(signed: Callable[..., Signoff]) -> None:
    found = signed()
    found.checks.append(Check("drc", "<script>alert(1)</script>", False, detail="a < b & c"))
    text = report.render(found)
    assert "<script>" not in text
    assert "<script>alert(1)</script>" in _Page(text).text


@pytest.mark.usefixtures("plain")
def test_without_picture_or_checks_there_is_no_report(signed: Callable[..., Signoff]) -> None:
    found = signed()
    found.built.picture.unlink()
    with pytest.raises(EvidenceError, match=r"pair\.png is missing"):
        report.render(found)
    found.checks.clear()
    with pytest.raises(EvidenceError, match="no checks"):
        report.render(found)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0, "0"), (714, "714"), (0.0, "0"), (0.062858, "0.06286"), (3e-7, "< 0.0001"), (-2.5, "-2.5")],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert page.number(value) == shown
