"""Capacitances against hand calculations from the official coefficients, and against a newer Magic."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from mirrorneuron.flows import extract, tools
from mirrorneuron.flows.extract import coefficients as parasitics_rules
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.technology import magic

from tests.kit.drawing import Drawing

# Magic 8.3.677 with the official technology, release 2026.03.30, from its .ext files; by benchmarks/extract.py.
REFERENCE = Path(__file__).with_name("reference.csv")
# A seventh of a second is what a cell takes; the rest of the cells are for `make test-long`.
SAMPLE = 40


def fringe(coefficient: float, distance_um: float) -> float:
    """Part of a fringe that lands nearer than a distance."""
    return 2 / math.pi * math.atan(0.02 * coefficient * distance_um)


@pytest.fixture(scope="module")
def structure_cell() -> Drawing:
    """Structures far from each other, and a transistor; wires are 100 um long."""
    cell = Drawing()
    cell.fet(0, -100, 1, 0.15, "d g s")
    cell.tap(2, -100, "sub")
    cell.wire("plate", 0, 0, 10, 10)
    # On the 5 nm grid, which makes Magic refine its own grid.
    cell.wire("odd", 50.005, 0, 60.005, 10)
    cell.wire("wire", 0, 100, 100, 100.14)
    for name, y in (("p1", 200), ("p2", 200.28), ("q1", 300), ("q2", 301.14), ("r1", 350), ("r2", 358.145)):
        cell.wire(name, 0, y, 100, y + 0.14)
    # A floating wire halfway between two others, and a wire of a net of its own there.
    for name, y in (("l", 400), ("", 400.28), ("r", 400.56), ("o1", 450), ("mid", 450.28), ("o2", 450.56)):
        cell.box(layers.MET1, 0, y, 100, y + 0.14)
        if name:
            cell.pin("met1", name, 0.07, y + 0.07)
    # Upright, too.
    for name, x in (("v1", 300), ("v2", 300.28)):
        cell.wire(name, x, 0, x + 0.14, 100)
    wires = (("li1", 500, "li1"), ("met4", 550, "met4"), ("met5", 600, "met5"))
    for metal, y, name in wires:
        width, space = {"li1": (0.17, 0.17), "met4": (0.3, 0.3), "met5": (1.6, 1.6)}[metal]
        for number, at in enumerate((y, y + width + space)):
            cell.box(layers.DRAWING[metal], 0, at, 100, at + width)
            cell.pin(metal, f"{name}_{number}", 1, at + width / 2)
    cell.wire("below", 100, 700.43, 140, 700.57)
    cell.box(layers.MET2, 119.93, 680, 120.07, 720)
    cell.pin("met2", "above", 120, 690)
    # A wire that turns back on itself: its own neighbour.
    for box in ((0, 800, 100, 800.14), (0, 800.28, 100, 800.42), (100, 800, 100.14, 800.42)):
        cell.box(layers.MET1, *box)
    cell.pin("met1", "fold", 0.07, 800.07)
    # A 45 degree plate, its corners cut.
    corners = [(0, 903), (3, 900), (17, 900), (20, 903), (20, 917), (17, 920), (3, 920), (0, 917)]
    cell.top.shapes(cell.layout.layer(*layers.MET1)).insert(kdb.DPolygon([kdb.DPoint(*at) for at in corners]))
    cell.pin("met1", "octagon", 10, 910)
    return cell


@pytest.fixture(scope="module")
def structures(tmp_path_factory: pytest.TempPathFactory, structure_cell: Any) -> Path:
    folder = tmp_path_factory.mktemp("structures")
    out = folder / "x.spice"
    extract.run(structure_cell.write(folder / "x.gds"), out=out, work=folder / "work")
    return out


# Official coefficients [aF/um^2, aF/um]: met1 to the substrate 25.78 and 40.57, between met1 wires 44 over space and
# 0.25 um. An edge of met1 reaches met2 with 48.19, of met2 met1 with 67.05; they overlap with 133.86.
CROSSING = 133.86 * 0.14**2 + 0.14 * 2 * (48.19 + 67.05) * fringe(133.86, 8)
BY_HAND = [
    ("plate", "sub", 25.78 * 100 + 40.57 * 40),
    ("odd", "sub", 25.78 * 100 + 40.57 * 40),
    ("wire", "sub", 25.78 * 14 + 40.57 * 200.28),
    ("p1", "p2", 44 * 100 / (0.14 + 0.25)),
    ("v1", "v2", 44 * 100 / (0.14 + 0.25)),
    ("p1", "sub", 25.78 * 14 + 40.57 * (100.28 + 100 * fringe(25.78, 0.14))),
    ("q1", "q2", 44 * 100 / (1.0 + 0.25)),
    ("q1", "sub", 25.78 * 14 + 40.57 * (100.28 + 100 * fringe(25.78, 1.0))),
    # Beyond the halo of 8 um.
    ("r1", "r2", 0.0),
    ("r1", "sub", 25.78 * 14 + 40.57 * 200.28),
    # Through another wire.
    ("o1", "o2", 0.0),
    ("o1", "mid", 44 * 100 / (0.14 + 0.25)),
    ("li1_0", "li1_1", 25.5 * 100 / (0.17 + 0.14)),
    ("met4_0", "met4_1", 94 * 100 / (0.3 + 0.57)),
    ("met5_0", "met5_1", 155 * 100 / (1.6 + 0.5)),
    ("below", "above", CROSSING),
    # Two edges of 100 um and the end between them see the net itself.
    ("fold", "sub", 25.78 * (28 + 0.14 * 0.42) + 40.57 * (200.28 + 0.42 + 0.28 + 200 * fringe(25.78, 0.14) + 0.14)),
]


@pytest.mark.parametrize(("one", "other", "by_hand_af"), BY_HAND, ids=[f"{one}-{other}" for one, other, _ in BY_HAND])
def test_by_hand(one: str, other: str, by_hand_af: float, structures: Path, read: Any) -> None:
    assert read(structures).coupling_af(one, other) == pytest.approx(by_hand_af, rel=0.02, abs=0.5)


@pytest.mark.parametrize(
    ("kind", "missed"),
    [("perimeter", ("wire", "sub")), ("sidewall", ("p1", "p2")), ("side_overlap", ("below", "above"))],
)
def test_a_wrong_coefficient_does_not_pass(
    kind: str,
    missed: tuple[str, str],
    structure_cell: Any,
    tmp_path: Path,
    read: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_adapted():
        pytest.skip("this Magic takes the official file as it is")
    good = parasitics_rules.read

    def perturbed(tech: str, variant: str) -> parasitics_rules.CapacitanceRules:
        rules = good(tech, variant)
        changed: dict[Any, Any] = {
            key: (value[0] * 1.05, value[1]) if isinstance(value, tuple) else value * 1.05
            for key, value in getattr(rules, kind).items()
        }
        return replace(rules, **{kind: changed})

    monkeypatch.setattr(parasitics_rules, "read", perturbed)
    out = tmp_path / "x.spice"
    extract.run(structure_cell.write(tmp_path / "x.gds"), out=out, work=tmp_path / "work")
    netlist = read(out)
    off = {
        (one, other)
        for one, other, by_hand in BY_HAND
        if netlist.coupling_af(one, other) != pytest.approx(by_hand, rel=0.02, abs=0.5)
    }
    assert missed in off


def test_a_floating_conductor_passes_coupling_on(structures: Path, read: Any) -> None:
    netlist = read(structures)
    assert not any(name.endswith("#") for pair in netlist.capacitors for name in pair)
    # In series through the wire between them: less than one gap's, and more than without that wire.
    assert 0.25 * netlist.coupling_af("p1", "p2") < netlist.coupling_af("l", "r") < netlist.coupling_af("p1", "p2")


def test_slanted_edges_are_stairs(structures: Path, read: Any) -> None:
    # Stairs are as long as they are wide and high; Magic itself takes their true length.
    length = 80.0 if is_adapted() else 56 + 12 * math.sqrt(2)
    by_hand_af = 25.78 * (400 - 2 * 9) + 40.57 * length
    assert read(structures).coupling_af("octagon", "sub") == pytest.approx(by_hand_af, rel=0.005)


def test_plates_and_what_lies_over_them(devices: tuple[Path, Any], read: Any) -> None:
    netlist = read(devices[0])
    # The plates' own capacitance is the device's; met4 over met3, 84.03 and 70.52, is a wire's. It lies 2 um inside.
    inside, edge = 84.03, 70.52
    expected = inside + 4 * edge * fringe(inside, 2)
    assert expected < netlist.coupling_af("plate", "bottom") < 1.1 * expected


def is_adapted() -> bool:
    return magic.is_adapted(install.locate().magic_tech.read_text(), tools.version("magic"))


def reference() -> dict[str, dict[str, float]]:
    known: dict[str, dict[str, float]] = defaultdict(dict)
    with REFERENCE.open(newline="") as stream:
        for cell, net, value in list(csv.reader(stream))[1:]:
            known[cell][net] = float(value)
    return known


def ratios(cells: list[str], folder: Path, read: Any) -> dict[str, list[float]]:
    """Capacitance over the reference, of signals and of rails."""
    pdk = install.locate()
    if pdk.sc_hd is None:
        pytest.skip("the PDK has no standard cells in the foundry's layout")
    known = reference()
    found: dict[str, list[float]] = {"signals": [], "rails": []}
    for cell in cells:
        (gds,) = pdk.sc_hd.glob(f"*/sky130_fd_sc_hd__{cell}.gds")
        extract.run(gds, out=folder / f"{cell}.spice", work=folder / cell)
        netlist = read(folder / f"{cell}.spice")
        assert min(netlist.capacitors.values()) > 0
        for net, expected in known[cell].items():
            total = sum(value for pair, value in netlist.capacitors.items() if net in pair)
            found["rails" if "GND" in net or "PWR" in net else "signals"].append(total * 1e15 / expected)
    return found


def near(values: list[float]) -> bool:
    values = sorted(values)
    low, middle, high = (values[round(part * (len(values) - 1))] for part in (0.1, 0.5, 0.9))
    return abs(middle - 1) < 0.02 and low > 0.95 and high < 1.05


def test_foundry_cells_are_as_with_a_newer_magic(tmp_path: Path, read: Any) -> None:
    found = ratios([*sorted(reference())[::SAMPLE], "conb_1", "dfxtp_1"], tmp_path, read)
    assert len(found["signals"]) > 40
    assert near(found["signals"])
    assert near(found["rails"])
    assert all(0.9 < ratio < 1.1 for kind in found.values() for ratio in kind)


@pytest.mark.slow
def test_all_foundry_cells_are_as_with_a_newer_magic(tmp_path: Path, read: Any) -> None:
    found = ratios(sorted(reference()), tmp_path, read)
    assert len(found["signals"]) > 3000
    assert near(found["signals"])
    assert near(found["rails"])


def test_nearness_is_no_matter_of_course() -> None:
    assert near([1.0] * 10)
    assert not near([1.03] * 10)
    assert not near([1.0] * 8 + [1.1] * 2)
    assert not near([0.9] * 2 + [1.0] * 8)


def test_the_adapted_technology_is_what_was_used(structures: Path) -> None:
    assert (structures.parent / "work" / "sky130A.tech").exists() == is_adapted()


def test_engine_and_accuracy_stand_in_the_result(devices: tuple[Path, Any]) -> None:
    accuracy = devices[1].as_json()["accuracy"]
    assert f"magic {tools.version('magic')}" in accuracy
    assert ("Held against Magic 8.3.677" in accuracy) == is_adapted()


def test_a_magic_agrees_with_itself(one_fet: Any, tmp_path: Path) -> None:
    gds = one_fet.write(tmp_path / "x.gds")
    one_fet.wire("w", 20, 0, 40, 0.14)
    gds = one_fet.write(tmp_path / "x.gds")
    result = extract.run(gds, out=tmp_path / "x.spice", work=tmp_path / "work")
    found = extract.compare(result, gds, tools.find("magic"), work=tmp_path / "other")
    assert (found.median, found.p10, found.p90) == pytest.approx((1, 1, 1))
    assert found.nets > 0
    assert found.as_json()["tool"] == result.tool
