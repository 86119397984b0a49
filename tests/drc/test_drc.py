"""The design rule check with the real programs: one clean layout, one with a defect of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError


def test_a_clean_layout_passes_every_deck(clean_gds: Path, tmp_path: Path) -> None:
    result = drc.run(clean_gds, work=tmp_path / "a folder", jobs=2)
    assert result.passed, result.violations
    assert result.violations == ()
    assert set(result.rules_by_deck) == {"official", "zero-area", "pin-label", "magic"}
    assert all(result.rules_by_deck.values())
    assert result.rules_by_deck["official"] > 200
    assert result.rules_by_deck["magic"] > 200
    assert result.as_json() == {"passed": True, "rules_run": sum(result.rules_by_deck.values()), "violations": []}


def found(result: drc.DrcResult, deck: str, rule: str) -> list[drc.Violation]:
    return [v for v in result.violations if (v.deck, v.rule) == (deck, rule)]


@pytest.mark.parametrize(
    ("deck", "rule", "text", "x", "y"),
    [
        ("official", "MR_met1.SP.1", "spacing", 10.57, 0),
        ("magic", "met1.2", "Metal1 spacing < 0.14um", 10.57, 0),
        ("official", "MR_via1.ENC.1", "enclosure", 19.9, 0),
        ("official", "m1_OFFGRID", "OFFGRID", 30.602, 0.25),
        ("zero-area", "zero_area_shape", "", 40.5, 3),
        ("pin-label", "69/16: met2, pin/label not-over drawing:69/20", "pin/label", 52.1, 0.1),
        ("zero-area", "zero_length_path", "", 60, 0),
    ],
)
def test_each_defect_is_found_where_it_lies(
    defects: drc.DrcResult, deck: str, rule: str, text: str, x: float, y: float
) -> None:
    assert not defects.passed
    markers = found(defects, deck, rule)
    assert markers, sorted({(v.deck, v.rule, v.text) for v in defects.violations})
    assert text in markers[0].text
    assert min(abs(v.x - x) + abs(v.y - y) for v in markers) < 0.8, markers


def test_nothing_but_the_defects_is_found(defects: drc.DrcResult) -> None:
    assert all(any(abs(v.x - x) < 3 for x in (10, 20, 30, 40, 50, 60)) for v in defects.violations)
    assert not any(v.text == "See error definition in the subcell" for v in defects.violations)


def test_violations_as_json(defects: drc.DrcResult) -> None:
    data = defects.as_json()
    assert list(data) == ["passed", "rules_run", "violations"]
    assert data["passed"] is False
    assert all(list(violation) == ["deck", "rule", "text", "x", "y"] for violation in data["violations"])


def test_a_deck_with_its_rule_groups_off_is_no_pass(
    clean_gds: Path, tmp_path: Path, only_main_deck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drc, "_SWITCHES", {})
    with pytest.raises(EvidenceError, match="ran 0 rules"):
        drc.run(clean_gds, work=tmp_path, decks=("official",))


def test_a_deck_with_one_rule_group_off_is_no_pass(
    clean_gds: Path, tmp_path: Path, only_main_deck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drc, "_SWITCHES", {"feol": "false", "beol": "false", "offgrid": "true", "seal": "false"})
    with pytest.raises(EvidenceError, match="FEOL section, BEOL section"):
        drc.run(clean_gds, work=tmp_path, decks=("official",))


def test_an_unknown_deck_is_refused(clean_gds: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no DRC deck mine; choose from official, magic"):
        drc.run(clean_gds, work=tmp_path, decks=("mine",))
    with pytest.raises(InputError, match="no DRC deck given"):
        drc.run(clean_gds, work=tmp_path, decks=())


def test_a_narrow_wire_and_nothing_else_is_a_violation_in_both_decks(drawing: type, tmp_path: Path) -> None:
    drawn = drawing()
    drawn.box(layers.MET1, 0, 0, 0.05, 2)
    result = drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "work", jobs=2)
    assert {"official", "magic"} <= {violation.deck for violation in result.violations}
