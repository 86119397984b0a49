"""What each profile checks, and that its checks find what they are for."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.drc import precheck
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import InputError, MissingToolError
from mirrorneuron.pdk_sky130.layers import ACCEPTED, DRAWING, KNOWN, LAYERS_CSV, PIN_LAYERS, Layer
from mirrorneuron.pdk_sky130.profiles import PROFILES

BOUNDARY = DRAWING["prbndry"]
STRANGE = Layer(200, 0)


def pre(profile: str, drawn: Any, folder: Path) -> Findings:
    """The precheck of a profile alone."""
    hierarchy = Hierarchy(drawn.layout, drawn.top)
    job = DeckJob(install.locate(), folder, drawn.top.name, folder, 1, 60, {}, hierarchy, PROFILES[profile])
    return precheck.check(job, hierarchy)


def rules(findings: Findings) -> list[str]:
    return [violation.rule for violation in findings.violations]


def test_the_profiles_are_whole() -> None:
    assert list(PROFILES) == ["full", "tinytapeout", "chipfoundry"]
    for name, profile in PROFILES.items():
        assert set(profile.decks) <= set(drc.DECKS)
        assert {*profile.precheck, *profile.chip_checks} <= precheck.CHECKS.keys()
        assert {profile.switches[group] for group in ("feol", "beol", "offgrid")} == {"true"}
        if name != "full":
            assert profile.version, "a shuttle's checks have a version"
            assert profile.source
            assert profile.release
            assert profile.not_checked, "no GDS alone tells all that a shuttle checks"
    assert PROFILES["full"].decks == drc.DECKS
    assert PROFILES["full"].switches["floating_met"] == "true"
    used = {name for profile in PROFILES.values() for name in (*profile.precheck, *profile.chip_checks)}
    assert used == set(precheck.CHECKS), "every check of a precheck belongs to a profile"


def test_the_layers_are_those_of_the_project_and_of_the_shuttle() -> None:
    with LAYERS_CSV.open(encoding="utf-8", newline="") as stream:
        ours = {Layer(int(row["layer"]), int(row["datatype"])) for row in csv.DictReader(stream)}
    assert ours <= KNOWN.keys()
    # Drain-extended implants, and markers that the shuttle's list lacks.
    names = ("pwbm", "pwde", "areaid_en20", "areaid_lvt")
    assert ours - ACCEPTED["tinytapeout"] == {DRAWING[name] for name in names}
    assert not {STRANGE, Layer(64, 44)} & KNOWN.keys()
    assert len(ACCEPTED["tinytapeout"]) == 432


def test_a_layer_that_the_process_does_not_know(drawing: Any, tmp_path: Path) -> None:
    """Told under every profile, shapes and labels alike; a violation where the profile asks for known layers."""
    drawn = drawing()
    drawn.stack(0, 0)
    drawn.box(STRANGE, 0, 0, 1, 1)
    drawn.text(Layer(201, 7), "note", 3, 4)
    result = drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "full", decks=("ours",))
    assert [(each.rule, each.layer, each.x, each.y) for each in result.violations] == [
        ("layer.unknown", "200/0", 0.5, 0.5),
        ("layer.unknown", "201/7", 3, 4),
    ]
    assert result.violations[0].text == "a layer that the process does not know: 200/0"
    assert result.notes == tuple(f"layer {pair} is unknown to the process" for pair in ("200/0", "201/7"))
    assert pre("chipfoundry", drawn, tmp_path).violations == [], "that shuttle does not ask"
    assert [(each.rule, each.text, each.x, each.y) for each in pre("tinytapeout", drawn, tmp_path).violations] == [
        ("layers", "layer 200/0 is not one that the shuttle takes", 0.5, 0.5),
        ("layers", "layer 201/7 is not one that the shuttle takes", 3, 4),
    ]


def test_a_shuttle_runs_its_groups_and_no_more(drawing: Any, tmp_path: Path) -> None:
    """Metal that hangs on nothing is flagged by the full profile alone; a tile may leave a pin open."""
    drawn = drawing()
    drawn.stack(0, 0)
    drawn.stack(1.135, 0)
    drawn.box(layers.MET4, 5, 5, 6, 6)
    drawn.box(STRANGE, 0, 0, 1, 1)
    gds = drawn.write(tmp_path / "x.gds")
    full = drc.run(gds, work=tmp_path / "full", decks=("official",))
    floating = {"m4.x"}
    spacing = {violation.rule for violation in full.violations} - floating
    assert "MR_met1.SP.1" in spacing
    assert floating <= {violation.rule for violation in full.violations}
    shuttle = drc.run(gds, work=tmp_path / "shuttle", profile="tinytapeout", jobs=2)
    assert {violation.rule for violation in shuttle.violations if violation.deck == "official"} == spacing
    by_deck = {violation.deck for violation in shuttle.violations}
    assert by_deck == {"official", "magic", "precheck"}
    assert shuttle.rules_by_deck.keys() == by_deck | {"zero-area", "pin-label"}
    unknown, release = shuttle.notes
    assert unknown == "layer 200/0 is unknown to the process"
    assert release.startswith("the shuttle runs release 2025.10.29_01.10 of the official deck; this PDK has 20")
    data = shuttle.as_json()["profile"]
    assert data["name"] == "tinytapeout"
    assert data["version"].startswith("tt-support-tools ")


def test_a_deck_that_the_profile_does_not_run(clean_gds: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no DRC deck ours in profile chipfoundry; choose from official, or all"):
        drc.run(clean_gds, work=tmp_path, profile="chipfoundry", decks=("ours",))
    with pytest.raises(InputError, match="no DRC profile mpw; choose from full, tinytapeout, chipfoundry"):
        drc.run(clean_gds, work=tmp_path, profile="mpw")


def test_a_pdk_without_what_the_shuttle_runs(clean_gds: Path, tmp_path: Path, only_main_deck: None) -> None:
    """No side check is no evidence; the full profile takes what the PDK has."""
    with pytest.raises(MissingToolError, match="no zero-area check, which profile chipfoundry runs"):
        drc.run(clean_gds, work=tmp_path, profile="chipfoundry")


@pytest.mark.parametrize(
    ("points", "spikes"),
    [
        (((0, 0), (5, 0), (5, 5)), False),
        (((0, 0), (5, 0), (8, 3)), False),
        (((0, 0), (5, 0), (5, 0), (2, 0)), True),
        (((0, 0), (5, 0), (2, 3)), True),
        (((0, 0), (5, 0), (2, -3)), True),
    ],
)
def test_paths_that_turn_back(points: tuple[Any, ...], spikes: bool, drawing: Any, tmp_path: Path) -> None:
    drawn = drawing()
    path = kdb.DPath([kdb.DPoint(x, y) for x, y in points], 0.2)
    drawn.top.shapes(drawn.layout.layer(*layers.MET1)).insert(path)
    assert rules(pre("chipfoundry", drawn, tmp_path)) == ["path_spikes"] * spikes


@pytest.mark.parametrize("profile", ["tinytapeout", "chipfoundry"])
def test_cell_names(profile: str, drawing: Any, tmp_path: Path) -> None:
    drawn = drawing()
    drawn.stack(0, 0)
    for name in ("fine$1", "odd#1", "odd/2"):
        drawn.top.insert(kdb.CellInstArray(drawn.layout.create_cell(name), kdb.Trans()))
        drawn.layout.cell(name).shapes(drawn.layout.layer(*layers.MET1)).insert(kdb.Box(0, 0, 1000, 1000))
    report = pre(profile, drawn, tmp_path)
    assert rules(report) == ["cell_names"] * 2
    assert {violation.cell for violation in report.violations} == {"odd#1", "odd/2"}


@pytest.mark.parametrize(("space", "wrong"), [(0.7, False), (0.695, True), (0.0, True)])
def test_urpm_beside_an_n_well(space: float, wrong: bool, drawing: Any, tmp_path: Path) -> None:
    drawn = drawing()
    drawn.box(layers.NWELL, 0, 0, 3, 3)
    drawn.box(layers.URPM, 3 + space, 0, 6, 3)
    violations = pre("tinytapeout", drawn, tmp_path).violations
    assert bool(violations) == wrong
    assert all(violation.rule == "urpm_nwell" for violation in violations)
    assert all(violation.text == "spacing of urpm to n-well: 0.7 um" for violation in violations)


def test_a_part_is_no_chip(drawing: Any, tmp_path: Path) -> None:
    """A tile's own checks wait for a tile; metal 5 is the shuttle's in any."""
    drawn = drawing()
    drawn.box(layers.MET5, 0, 0, 5, 5)
    report = pre("tinytapeout", drawn, tmp_path)
    assert rules(report) == ["forbidden_layers"]
    assert report.rules == 6
    assert report.skipped.keys() == {"one_top_cell", "boundary"}
    assert report.skipped["boundary"] == "cell is a part; whole designs are called tt_um_*"
    assert rules(pre("chipfoundry", drawn, tmp_path)) == []


@pytest.mark.parametrize(
    ("boundary", "text"),
    [
        (None, "no boundary is drawn (prBoundary, 235/4)"),
        ((-1, -1, 2, 2), None),
        ((-1, -1, 0.4, 2), "shapes outside the boundary"),
    ],
)
def test_a_tile_lies_in_its_boundary(
    boundary: tuple[float, ...] | None, text: str | None, drawing: Any, tmp_path: Path
) -> None:
    drawn = drawing("tt_um_mine")
    drawn.stack(0, 0)
    drawn.text(PIN_LAYERS["met1"].label, "far", 50, 50)
    if boundary:
        drawn.box(BOUNDARY, *boundary)
    report = pre("tinytapeout", drawn, tmp_path)
    assert not report.skipped
    assert rules(report) == ["boundary"] * bool(text)
    assert all(str(text) in violation.text for violation in report.violations)


def test_a_tile_is_alone_in_its_file(drawing: Any, tmp_path: Path) -> None:
    drawn = drawing("tt_um_mine")
    drawn.box(BOUNDARY, 0, 0, 5, 5)
    drawn.layout.create_cell("other")
    (violation,) = pre("tinytapeout", drawn, tmp_path).violations
    assert violation.rule == "one_top_cell"
    assert "2 top cells (other, tt_um_mine)" in violation.text


@pytest.mark.parametrize(("layer", "limit"), [("met2", 0.60), ("met5", 0.76)])
def test_clear_area_of_a_wrapper(layer: str, limit: float, drawing: Any, tmp_path: Path) -> None:
    """Drawing, pins and fill count, labels do not; the limit itself is allowed."""
    for more, expected in ((0.0, []), (0.001, ["clear_area"])):
        drawn = drawing("user_project_wrapper")
        drawn.box(BOUNDARY, 0, 0, 100, 100)
        drawn.box(DRAWING[layer], 0, 0, 50, 100 * limit - 20)
        drawn.box(PIN_LAYERS[layer].pin, 40, 0, 100, 100 * limit - 20)
        drawn.box(layers.FILL[layer], 0, 70, 100, 90 + 100 * more)
        drawn.box(PIN_LAYERS[layer].label, 0, 95, 100, 100)
        assert rules(pre("chipfoundry", drawn, tmp_path)) == expected, more
    drawn = drawing("user_project_wrapper")
    drawn.stack(0, 0)
    assert rules(pre("chipfoundry", drawn, tmp_path)) == ["clear_area"], "no boundary"


def test_a_mini_wrapper_has_no_metal_5(drawing: Any, tmp_path: Path) -> None:
    drawn = drawing("user_project_wrapper_mini4")
    drawn.box(BOUNDARY, 0, 0, 100, 100)
    drawn.box(layers.VIA4, 5, 5, 6, 6)
    assert rules(pre("chipfoundry", drawn, tmp_path)) == ["forbidden_layers"]


@pytest.mark.parametrize("name", ["top[1]", "-v"])
def test_any_name_of_a_cell(name: str, drawing: Any, tmp_path: Path) -> None:
    """Magic looks at the cell, and the name is given back as it is."""
    drawn = drawing(name)
    drawn.box(layers.MET1, 0, 0, 0.05, 2)
    gds = drawn.write(tmp_path / "x.gds")
    result = drc.run(gds, work=tmp_path / "work", decks=("magic",))
    assert {violation.cell for violation in result.violations} == {name}


def test_shapes_without_extent_are_found_in_the_layout(drawing: Any, tmp_path: Path) -> None:
    """The programs read a copy that has lost them; each has its place in the cell that holds it."""
    drawn = drawing()
    below = drawn.layout.create_cell("below")
    drawn.box(layers.MET1, 0, 0, 1, 1)
    metal = below.shapes(drawn.layout.layer(*layers.MET1))
    metal.insert(kdb.DBox(0, 0, 0.6, 0))
    metal.insert(kdb.DPath([kdb.DPoint(3, 0)] * 2, 0.3, 0.15, 0.15))
    below.shapes(drawn.layout.layer(*layers.MET2)).insert(kdb.DPath([kdb.DPoint(5, 0), kdb.DPoint(6, 0)], 0))
    drawn.top.insert(kdb.DCellInstArray(below, kdb.DTrans(0, False, 20, 0)))
    result = drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "work", decks=("ours",))
    shapes = [(v.rule, v.layer, v.cell, v.x, v.y) for v in result.violations if v.rule.startswith("zero_")]
    assert sorted(shapes) == [
        ("zero_area_shape", "met1", "below", 20.3, 0),
        ("zero_area_shape", "met2", "below", 25.5, 0),
        ("zero_length_path", "met1", "below", 23, 0),
    ]
