"""Capacitances against hand calculations from the official coefficients, and against a newer Magic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.flows import extract, tools
from mirrorneuron.pdk_sky130 import install, magic


@pytest.fixture(scope="module")
def structures(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Lone met1 structures, far from each other, and a transistor."""
    folder = tmp_path_factory.mktemp("structures")
    cell = request.getfixturevalue("structure_cell")
    out = folder / "x.spice"
    extract.run(cell.write(folder / "x.gds"), out=out, work=folder / "work")
    return out


@pytest.fixture(scope="module")
def structure_cell(request: pytest.FixtureRequest) -> Any:
    from_conftest = request.config.pluginmanager.get_plugin(str(Path(__file__).with_name("conftest.py")))
    cell = from_conftest.Drawing()
    cell.fet(0, -100, 1, 0.15, "d g s")
    cell.tap(2, -100, "sub")
    cell.wire("plate", 0, 0, 10, 10)
    # On the 5 nm grid, which makes Magic refine its own grid.
    cell.wire("odd", 50.005, 0, 60.005, 10)
    cell.wire("wire", 0, 100, 100, 100.14)
    for name, y in (("p1", 200), ("p2", 200.28), ("q1", 300), ("q2", 300.64)):
        cell.wire(name, 0, y, 100, y + 0.14)
    # A floating wire halfway between two others.
    for name, y in (("l", 400), ("", 400.28), ("r", 400.56)):
        cell.box(from_conftest.layers.MET1, 0, y, 100, y + 0.14)
        if name:
            cell.pin("met1", name, 0.07, y + 0.07)
    return cell


@pytest.mark.parametrize(
    ("net", "by_hand_af"),
    # Area and perimeter coefficients of met1 to the substrate: 25.78 aF/um^2 and 40.57 aF/um.
    [
        ("plate", 25.78 * 100 + 40.57 * 40),
        ("odd", 25.78 * 100 + 40.57 * 40),
        ("wire", 25.78 * 14 + 40.57 * 200.28),
    ],
)
def test_a_lone_conductor_over_the_substrate(net: str, by_hand_af: float, structures: Path, read: Any) -> None:
    assert read(structures).coupling_af(net, "sub") == pytest.approx(by_hand_af, abs=0.5)


@pytest.mark.parametrize(("one", "other", "space_um"), [("p1", "p2", 0.14), ("q1", "q2", 0.5)])
def test_parallel_wires(one: str, other: str, space_um: float, structures: Path, read: Any) -> None:
    netlist = read(structures)
    # 44 aF/um over space and offset (0.25 um).
    by_hand_af = 44 * 100 / (space_um + 0.25)
    assert netlist.coupling_af(one, other) == pytest.approx(by_hand_af, rel=0.4)
    assert netlist.coupling_af(one, "sub") == pytest.approx(netlist.coupling_af(other, "sub"), rel=1e-3)
    assert 4000 < netlist.coupling_af(one, "sub") < 8490


def test_a_floating_conductor_passes_coupling_on(structures: Path, read: Any) -> None:
    netlist = read(structures)
    assert not any(name.endswith("#") for pair in netlist.capacitors for name in pair)
    # In series through the wire between them: less than one gap's, and more than without that wire.
    assert 0.25 * netlist.coupling_af("p1", "p2") < netlist.coupling_af("l", "r") < netlist.coupling_af("p1", "p2")


def test_a_foundry_cell_is_near_a_newer_magic(tmp_path: Path, read: Any) -> None:
    pdk = install.locate()
    if pdk.sc_hd is None:
        pytest.skip("the PDK has no standard cells in the foundry's layout")
    out = tmp_path / "inv.spice"
    extract.run(pdk.sc_hd / "inv" / "sky130_fd_sc_hd__inv_1.gds", out=out, work=tmp_path / "work")
    netlist = read(out)
    # Sums over a net [fF], from the .ext file of Magic 8.3.677 with the official technology, release 2026.03.30.
    for net, expected in {"A": 0.3191, "Y": 0.3889, "VGND": 0.4389, "VPWR": 0.4796}.items():
        total = sum(value for pair, value in netlist.capacitors.items() if net in pair)
        assert total * 1e15 == pytest.approx(expected, rel=0.2), net


def test_the_adapted_technology_is_what_was_used(structures: Path) -> None:
    required = magic.required_version(install.locate().magic_tech.read_text())
    adapted = (structures.parent / "work" / "sky130A.tech").exists()
    assert required is not None
    assert adapted == (magic.parse_version(tools.version("magic")) < required)
