"""The common run of the decks (`tests.kit.rules`): a bad cell among good ones is found, and it alone is blamed."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import layers

from tests.kit import rules

BAD = "planted"
GOOD = ("left", "right")
PLACES = {"a": kdb.Box(0, 0, 20_000, 20_000), "b": kdb.Box(20_000, 0, 40_000, 20_000)}


def mirror() -> kdb.Layout:
    return catalog.layout_of(catalog.load("mirror_simple"))


def planted() -> kdb.Layout:
    """A mirror without substrate taps, with a thin wire of metal 1, a shape without area and a pin off its metal."""
    layout = mirror()
    top = layout.top_cell()
    for cell in layout.each_cell():
        cell.shapes(layout.layer(*layers.TAP)).clear()
    box = top.bbox()
    top.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(box.right + 500, 0, box.right + 600, 5000))
    top.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(box.right + 2000, 0, box.right + 2500, 0))
    top.shapes(layout.layer(*layers.PIN_LAYERS["met2"].pin)).insert(kdb.Box(box.right + 3000, 0, box.right + 3200, 200))
    return layout


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> rules.Verdicts:
    layouts = {GOOD[0]: mirror(), BAD: planted(), GOOD[1]: mirror()}
    return rules.check(layouts, tmp_path_factory.mktemp("planted"))


@pytest.mark.parametrize("name", GOOD)
def test_its_neighbours_pass(name: str, verdicts: rules.Verdicts) -> None:
    assert not verdicts.violations[name]


def test_every_deck_finds_the_bad_cell(verdicts: rules.Verdicts) -> None:
    found = {(violation.deck, violation.rule) for violation in verdicts.violations[BAD]}
    assert {deck for deck, _ in found} == {"ours", "official", "zero-area", "pin-label", "magic"}
    # The neighbours' taps are no taps of its own.
    assert {("ours", "m1.1"), ("ours", "LU.2"), ("ours", "x.5"), ("magic", "LU.2"), ("magic", "met1.1")} <= found


def test_a_violation_at_no_cell_is_an_error() -> None:
    stray = drc.Violation("ours", "m1.1", "width", "met1", 50.0, 5.0)
    with pytest.raises(AssertionError, match="lies at no cell"):
        rules.by_place(PLACES, (stray,))


def test_each_violation_goes_to_the_cell_at_its_place() -> None:
    violations = tuple(drc.Violation("ours", "m1.1", "width", "met1", x, 5.0) for x in (39.0, 1.0, 21.0))
    assert rules.by_place(PLACES, violations) == {"a": violations[1:2], "b": (violations[0], violations[2])}


def test_two_layouts_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_WANTED", {"mirror": mirror})
    with pytest.raises(AssertionError, match="two layouts are called mirror"):
        rules.add("mirror", mirror)


def test_every_layout_has_a_place_of_its_own(tmp_path: Path) -> None:
    places = rules.side_by_side({str(number): mirror() for number in range(40)}, tmp_path / "x.gds")
    boxes = list(places.values())
    assert len(boxes) == 40
    assert len({box.bottom for box in boxes}) > 1, "more than one row"
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
