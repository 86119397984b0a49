"""The default of every mirror: its matching, and what is refused. Rules and LVS: ``drc`` and ``lvs/test_cells.py``."""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows import matching
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import SpecError

from tests.kit.mirror_specs import MIRRORS

BIPOLAR = ["mirror_npn", "mirror_npn_beta_helper", "mirror_npn_wilson"]


@pytest.mark.parametrize("name", MIRRORS)
def test_matching(built, name):
    spec = catalog.load(name)
    cell = built(spec)
    if re.search("__[np]fet_", cell.spice.read_text()):
        found = matching.run(cell.gds, netlist=cell.spice)
        assert found.passed, (spec.lines(), found.errors)


def test_there_are_mirrors():
    wanted = {"simple", "degenerated", "widlar", "npn", "npn_beta_helper", "npn_wilson"}
    assert {name.removeprefix("mirror_") for name in MIRRORS} >= wanted


@pytest.mark.parametrize("name", [*BIPOLAR, "mirror_widlar"])
def test_no_pnp(name):
    spec = catalog.load(name, ["polarity=p"])
    for made in (catalog.circuit_of, catalog.layout_of):
        with pytest.raises(SpecError, match=r"polarity is p: .* the collector of every pnp is the substrate"):
            made(spec)


@pytest.mark.parametrize("name", MIRRORS)
def test_ratio_0_is_refused(name):
    with pytest.raises(SpecError, match=r"ratios\[1\] is 0: must be a whole number from 1 to 256"):
        catalog.load(name, ["ratios=[1,0]"])


REFUSED = {
    "no room for V_GS and the drop": (
        "mirror_degenerated",
        ["drop=1"],
        r"the input needs V_GS 0.7\d V \+ body effect 0.23 V \+ drop 1.00 V \+ 0.03 V to spare = 1.9\d V at ss",
    ),
    "resistor too small": (
        "mirror_degenerated",
        ["current=200uA", "drop=0.04", "w=40", "l=0.5"],
        r"drop is 0.04 V, the resistor of a unit \(200 uA\) is 200 ohm: the shortest bar of res_xhigh_po_0p69, 0.66 um",
    ),
    "resistor too large": (
        "mirror_degenerated",
        ["current=1nA", "drop=1", "l=20"],
        r"is 1e\+09 ohm: 2 of them in res_xhigh_po_0p69 would be more than 1024 bars",
    ),
    "no room for two V_BE": (
        "mirror_npn_wilson",
        ["supply=1.62"],
        r"V_BE of the upper transistor 0.84 V \+ 0.03 V to spare = 1.70 V at ss, -40 C, and supply is 1.62 V",
    ),
    "no room for the helper": (
        "mirror_npn_beta_helper",
        ["supply=1.5"],
        r"V_BE of the helper 0.7\d V \+ V_BE 0.84 V \+ 0.03 V to spare = 1.\d\d V at ss, -40 C, and supply is 1.5 V",
    ),
    "no room for V_BE": ("mirror_npn", ["current=1mA", "supply=1"], r"needs V_BE 1.0\d V \+ 0.03 V to spare = 1.1\d V"),
    "more than the input": (
        "mirror_widlar",
        ["output=2uA"],
        r"output is 2 uA a unit, and the input's unit carries 0.9\d+ uA: a Widlar mirror gives less",
    ),
    "less than leakage": ("mirror_widlar", ["output=1nA", "current=100uA"], r"output is 0.001 uA a unit"),
    "a resistor that leaves nothing": (
        "mirror_widlar",
        ["output=null", "resistance=100M", "current=1mA", "ratios=[16,1]"],
        r"resistance is 1e\+08 ohm: of 62.5 uA a unit it would leave less than .* pA. At most",
    ),
    "both": ("mirror_widlar", ["resistance=100k"], "both output and resistance are given"),
    "none": ("mirror_widlar", ["output=null"], "neither output nor resistance is given"),
    "sizes of an npn": ("mirror_widlar", ["w=4"], r"w is 4 um and l 2 um, but device is npn_05v5_w1p00l1p00"),
    "sizes of an npn mirror": ("mirror_npn", ["w=4"], "'w' is no field of this cell"),
    "a p device in an n mirror": ("mirror_widlar", ["device=pfet_01v8"], "device is pfet_01v8, but polarity is n"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_not_work_is_refused(case):
    name, given, message = REFUSED[case]
    for made in (catalog.circuit_of, catalog.layout_of):
        with pytest.raises(SpecError, match=message):
            made(catalog.load(name, given))
