"""Resistances against hand calculations, and what the drop along a rail does to a ratio."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mirrorneuron.flows import extract, tools
from mirrorneuron.flows.build import build
from mirrorneuron.flows.extract import resistance_rules
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import EvidenceError

MET1_OHM, MET2_OHM, LI_OHM, POLY_OHM = 0.125, 0.125, 12.8, 48.2
MCON_OHM, VIA_OHM, CONTACT_N_OHM, CONTACT_POLY_OHM = 9.3, 4.5, 185.0, 152.0
# What the drop along the sources' rail may do to a ratio: 64 units of 5 uA, 20 ohm between any two of them, and a gm/I
# of 13 per volt.
DROP_MAX = 5e-6 * 20 * 13


def resistance(netlist: Path, one: str, other: str) -> float:
    """Between two nodes through all resistors [ohm]."""
    conductances: dict[tuple[str, str], float] = defaultdict(float)
    for line in netlist.read_text().splitlines():
        if line.startswith("R"):
            _, a, b, ohm = line.split()
            conductances[a, b] += 1 / float(ohm)
    numbers = {name: i for i, name in enumerate(sorted({name for pair in conductances for name in pair}))}
    matrix = np.zeros((len(numbers), len(numbers)))
    for (a, b), value in conductances.items():
        i, j = numbers[a], numbers[b]
        matrix[[i, j], [i, j]] += value
        matrix[[i, j], [j, i]] -= value
    current = np.zeros(len(numbers))
    current[numbers[one]], current[numbers[other]] = 1, -1
    voltage = np.linalg.lstsq(matrix, current, rcond=None)[0]
    return float(voltage[numbers[one]] - voltage[numbers[other]])


@pytest.fixture
def meander(one_fet: Any, tmp_path: Path) -> Path:
    """From the drain's contact up to metal 2, there through a meander of five legs of 50 um; the pin is at its end."""
    one_fet.layout.clear_layer(one_fet.layout.layer(*layers.PIN_LAYERS["li1"].label))
    one_fet.layout.clear_layer(one_fet.layout.layer(*layers.PIN_LAYERS["li1"].pin))
    for name, x, y in (("g", 0, 1.365), ("s", -0.22, 0.2), ("b", 2.25, 0.25)):
        one_fet.pin("li1", name, x, y)
    x, y = 0.22, 0.2
    one_fet.box(layers.MCON, x - 0.085, y - 0.085, x + 0.085, y + 0.085)
    one_fet.box(layers.MET1, x - 0.16, y - 0.16, x + 0.16, y + 0.16)
    one_fet.box(layers.VIA, x - 0.075, y - 0.075, x + 0.075, y + 0.075)
    width, pitch, length = 0.28, 1.0, 50.0
    for leg in range(5):
        low = y - width / 2 - leg * pitch
        one_fet.box(layers.MET2, x - width / 2, low, x + length, low + width)
        if leg:
            side = x + length - width if leg % 2 else x - width / 2
            one_fet.box(layers.MET2, side, low, side + width, low + pitch + width)
    one_fet.pin("met2", "d", x + length - 0.07, y - 4 * pitch)
    return one_fet.write(tmp_path / "x.gds")


def test_a_meander(meander: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.spice"
    result = extract.run(meander, out=out, work=tmp_path / "work", resistance=True)
    assert result.resistors == result.as_json()["resistors"] == out.read_text().count("\nR") > 3
    (fet,) = re.findall(r"^X\S+ (.*) sky130_fd_pr__nfet", out.read_text(), re.MULTILINE)
    drain = next(name for name in fet.split() if name.partition(".")[0] == "d")
    # Legs from centre to centre of the turns, and the four that join them; a corner is 0.56 squares, not 1.
    squares = (5 * (50 - 0.14) + 4 * 1.0) / 0.28 - 8 * (1 - 0.56)
    by_hand = CONTACT_N_OHM + MCON_OHM + VIA_OHM + MET2_OHM * squares
    assert resistance(out, drain, "d") == pytest.approx(by_hand, rel=0.02)
    # The wire alone: what it adds over the same without its legs.
    assert resistance(out, drain, "d") - (CONTACT_N_OHM + MCON_OHM + VIA_OHM) == pytest.approx(
        MET2_OHM * squares, rel=0.02
    )


def test_without_the_option_there_is_no_resistor(meander: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.spice"
    assert extract.run(meander, out=out, work=tmp_path / "work").resistors == 0
    assert "\nR" not in out.read_text()


def test_a_gate_and_its_contact(one_fet: Any, tmp_path: Path) -> None:
    out = tmp_path / "x.spice"
    extract.run(one_fet.write(tmp_path / "x.gds"), out=out, work=tmp_path / "work", resistance=True)
    (fet,) = re.findall(r"^X\S+ (.*) sky130_fd_pr__nfet", out.read_text(), re.MULTILINE)
    gate = next(name for name in fet.split() if name.partition(".")[0] == "g")
    # From the gate's middle 0.73 um up a finger of 0.15 um, then the head.
    by_hand = CONTACT_POLY_OHM + POLY_OHM * 0.73 / 0.15
    assert resistance(out, gate, "g") == pytest.approx(by_hand, rel=0.1)


def test_every_device_can_have_resistances(devices: tuple[Path, Any], tmp_path: Path, read: Any) -> None:
    without, _ = devices
    gds = without.with_name("devices.gds")
    out = tmp_path / "x.spice"
    result = extract.run(gds, out=out, work=tmp_path / "work", resistance=True)
    text = out.read_text()
    (tmp_path / "bare").write_text("".join(line for line in text.splitlines(True) if not line.startswith("R")))
    bare, plain = read(tmp_path / "bare"), read(without)
    assert result.pins == devices[1].pins
    # The same devices on the same nets, each terminal at a place of its own.
    assert [model for _, model, _ in bare.devices] == [model for _, model, _ in plain.devices]
    for (nodes, _, _), (nets, _, _) in zip(bare.devices, plain.devices, strict=True):
        assert tuple(node.partition(".")[0] for node in nodes) == nets
    # Every place hangs on its net: a resistor joins two of one net, and no place is alone.
    joined = defaultdict(set)
    for line in text.splitlines():
        if line.startswith("R"):
            _, one, other, ohm = line.split()
            assert float(ohm) > 0
            assert one.partition(".")[0] == other.partition(".")[0]
            joined[one].add(other)
            joined[other].add(one)
    for nodes, _, _ in bare.devices:
        for node in nodes:
            seen, todo = set(), [node]
            while todo:
                at = todo.pop()
                if at not in seen:
                    seen.add(at)
                    todo += joined[at]
            assert node.partition(".")[0] in seen, node


def test_the_drop_along_a_rail_of_64_units(tmp_path: Path) -> None:
    spec = catalog.load("matched_array", ["ratios=[4,4,8,16,32]", "rows=1"])
    built = build(spec, tmp_path)
    currents = {}
    for resistors in (False, True):
        out = tmp_path / f"{resistors}.spice"
        result = extract.run(built.gds, out=out, work=tmp_path / "work", schematic=built.spice, resistance=resistors)
        currents[resistors] = drains(out, result.pins, built.gds.stem, tmp_path)
    exact = [4, 8, 16, 32]
    for resistors, limit in ((False, 1e-5), (True, DROP_MAX)):
        reference, *outputs = currents[resistors]
        errors = [abs(value / reference * 4 / ratio - 1) for value, ratio in zip(outputs, exact, strict=True)]
        assert max(errors) < limit
        # With resistors there is a drop; without there is none.
        assert (max(errors) > 1e-4) == resistors


def drains(netlist: Path, pins: tuple[str, ...], cell: str, folder: Path) -> list[float]:
    """Current [A] of each drain, gate and drains at the voltage that a unit's 5 uA want."""
    pdk = install.locate()
    (folder / ".spiceinit").write_text("set ngbehavior=spe\n")
    levels = {pin: 0.729 if re.fullmatch(r"d\d+|g", pin) else 0.0 for pin in pins}
    sources = "\n".join(f"V{pin} {pin} 0 {level}" for pin, level in levels.items())
    outputs = [pin for pin in pins if re.fullmatch(r"d\d+", pin)]
    (folder / "t.spice").write_text(
        f'* test\n.lib "{pdk.continuous / "sky130.lib.spice"}" tt\n.include "{netlist}"\n'
        f"X1 {' '.join(pins)} {cell}\n{sources}\n.options reltol=1e-7\n.control\nop\n"
        f"print {' '.join(f'i(v{pin})' for pin in outputs)}\nquit\n.endc\n.end\n"
    )
    done = tools.run("ngspice", ("-b", "t.spice"), cwd=folder, log=folder / "log", timeout_s=120)
    assert "Error" not in done.stdout + done.stderr
    values = dict(line.split(" = ") for line in done.stdout.splitlines() if line.startswith("i(v"))
    return [-float(values[f"i(v{pin})"]) for pin in outputs]


def test_a_technology_file_without_a_resistance_is_refused() -> None:
    text = install.locate().magic_tech.read_text()
    rules = resistance_rules.read(text, "(si)")
    assert (rules.sheet["li1"], rules.contact["licon1"], rules.contact["via4"]) == (LI_OHM, CONTACT_POLY_OHM, 0.38)
    assert (rules.sheet["met1"], rules.sheet["poly"]) == (MET1_OHM, POLY_OHM)
    with pytest.raises(EvidenceError, match="no resistance for via4"):
        resistance_rules.read(re.sub(r"^ contact via4\s.*$", "", text, flags=re.MULTILINE), "(si)")
    with pytest.raises(EvidenceError, match="not known"):
        resistance_rules.read(text.replace("contact pc,xpc\t\t\t152000", "contact pc,xpc"), "(si)")
