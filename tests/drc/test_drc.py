"""The design rule check with the real programs: one clean layout, one with a defect of each kind."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.drc import official as drc_official
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError
from mirrorneuron.pdk_sky130.rules import RULES

DENSITIES = ("cfom", "li1", "m1", "m2", "m3", "m4", "m5")


def test_a_clean_layout_passes_every_deck(clean_gds: Path, tmp_path: Path) -> None:
    result = drc.run(clean_gds, work=tmp_path / "a folder", jobs=2)
    assert result.passed, result.violations
    assert result.violations == ()
    assert set(result.rules_by_deck) == {"ours", "official", "zero-area", "pin-label", "magic"}
    assert all(result.rules_by_deck.values())
    assert result.rules_by_deck["official"] > 200
    assert result.rules_by_deck["magic"] > 200
    assert result.rules_by_deck["ours"] == sum(rule.kind == "rule" for rule in RULES.values())
    assert set(result.not_applicable) == {f"{layer}.pd.1{end}" for layer in DENSITIES for end in "de"}
    assert result.as_json() == {
        "passed": True,
        "rules_run": sum(result.rules_by_deck.values()),
        "rules_by_deck": result.rules_by_deck,
        "not_applicable": result.not_applicable,
        "violations": [],
    }


def found(result: drc.DrcResult, deck: str, rule: str) -> list[drc.Violation]:
    return [v for v in result.violations if (v.deck, v.rule) == (deck, rule)]


@pytest.mark.parametrize(
    ("deck", "rule", "text", "layer", "x", "y"),
    [
        ("ours", "m1.2", "spacing of metal 1: 0.14 um", "met1", 10.57, 0),
        ("ours", "via.4a", "enclosure of via by metal 1: 0.055 um", "via", 19.9, 0),
        ("ours", "x.1b", "manufacturing grid: 0.005 um", "met1", 30.602, 0.25),
        ("ours", "zero_area_shape", "a shape without area", "met1", 40.5, 3),
        ("ours", "x.5", "a pin must lie within the drawing of its layer", "met2", 52.1, 0.1),
        ("ours", "zero_length_path", "a path without length", "met1", 60, 0),
        ("official", "MR_met1.SP.1", "spacing", "met1", 10.57, 0),
        ("magic", "met1.2", "Metal1 spacing < 0.14um", "met1", 10.57, 0),
        ("official", "MR_via1.ENC.1", "enclosure", "via", 19.9, 0),
        ("official", "m1_OFFGRID", "OFFGRID", "met1", 30.602, 0.25),
        ("zero-area", "zero_area_shape", "", "", 40.5, 3),
        ("pin-label", "69/16: met2, pin/label not-over drawing:69/20", "pin/label", "", 52.1, 0.1),
        ("zero-area", "zero_length_path", "", "", 60, 0),
    ],
)
def test_each_defect_is_found_where_it_lies(
    defects: drc.DrcResult, deck: str, rule: str, text: str, layer: str, x: float, y: float
) -> None:
    assert not defects.passed
    markers = found(defects, deck, rule)
    assert markers, sorted({(v.deck, v.rule, v.text) for v in defects.violations})
    assert text in markers[0].text
    assert layer == markers[0].layer
    assert min(abs(v.x - x) + abs(v.y - y) for v in markers) < 0.8, markers


def test_a_shape_below_the_top_cell_is_marked_where_it_lies(drawing: type, tmp_path: Path) -> None:
    inside, drawn = drawing(), drawing("top")
    inside.stack(0, 0)
    inside.box(layers.MET1, 0, 3, 1, 3)
    child = drawn.layout.create_cell("child")
    child.copy_tree(inside.top)
    drawn.top.insert(kdb.DCellInstArray(child, kdb.DTrans(1, False, kdb.DVector(40, 10))))
    result = drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "work", decks=("ours",))
    assert {(v.rule, v.x, v.y) for v in result.violations} == {("zero_area_shape", 37.0, 10.5)}


def test_nothing_but_the_defects_is_found(defects: drc.DrcResult) -> None:
    assert all(any(abs(v.x - x) < 3 for x in (10, 20, 30, 40, 50, 60)) for v in defects.violations)
    assert not any(v.text == "See error definition in the subcell" for v in defects.violations)


def test_violations_as_json(defects: drc.DrcResult) -> None:
    data = defects.as_json()
    assert list(data) == ["passed", "rules_run", "rules_by_deck", "not_applicable", "violations"]
    assert data["passed"] is False
    assert all(list(violation) == ["deck", "rule", "text", "layer", "x", "y"] for violation in data["violations"])


def test_a_deck_with_its_rule_groups_off_is_no_pass(
    clean_gds: Path, tmp_path: Path, only_main_deck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drc_official, "_SWITCHES", {})
    with pytest.raises(EvidenceError, match="ran 0 rules"):
        drc.run(clean_gds, work=tmp_path, decks=("official",))


def test_a_deck_with_one_rule_group_off_is_no_pass(
    clean_gds: Path, tmp_path: Path, only_main_deck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        drc_official, "_SWITCHES", {"feol": "false", "beol": "false", "offgrid": "true", "seal": "false"}
    )
    with pytest.raises(EvidenceError, match="FEOL section, BEOL section"):
        drc.run(clean_gds, work=tmp_path, decks=("official",))


def test_an_unknown_deck_is_refused(clean_gds: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no DRC deck mine; choose from ours, official, magic, or all"):
        drc.run(clean_gds, work=tmp_path, decks=("mine",))
    with pytest.raises(InputError, match="no DRC deck given"):
        drc.run(clean_gds, work=tmp_path, decks=())


def test_a_narrow_wire_and_nothing_else_is_a_violation_in_every_deck(drawing: type, tmp_path: Path) -> None:
    drawn = drawing()
    drawn.box(layers.MET1, 0, 0, 0.05, 2)
    result = drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "work", jobs=2)
    assert {"ours", "official", "magic"} <= {violation.deck for violation in result.violations}
