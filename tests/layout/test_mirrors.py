"""Every mirror from spec to rules, netlist comparison and matching: its default, and random specs."""

from __future__ import annotations

import random
import re

import pytest
from klayout import db as kdb
from mirrorneuron.flows import drc, lvs, matching
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.mirrors.parts.npn import NPN
from mirrorneuron.pdk_sky130.devices import POLY_RESISTORS
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

MIRRORS = [name for name in catalog.names() if name.startswith("mirror_")]
BIPOLAR = ["mirror_npn", "mirror_npn_beta_helper", "mirror_npn_wilson"]
QUICK = 1
MANY = range(2, 7)
_ATTEMPTS = 200


def words(name, field):
    """The words that a field of a mirror takes; none if it has no such field."""
    limits = {row.field: row.limits for row in catalog.describe(name)}
    return limits[field].split(" or ") if field in limits else ()


def random_spec(name, seed):
    """A mirror of random ratios, sizes, polarity, devices and current that its own checks let through."""
    draw = random.Random(f"{name} {seed}")
    fields = {row.field for row in catalog.describe(name)}
    for _ in range(_ATTEMPTS):
        chosen = {
            "ratios": [draw.choice((1, 2, 2, 3, 4)) for _ in range(draw.randint(2, 4))],
            "polarity": draw.choice(("n", "p")),
            "device": draw.choice(words(name, "device")),
            "w": draw.choice((0.84, 1.5, 2, 4.02)),
            "l": draw.choice((0.35, 1, 2.005, 4)),
            "cascode_w": draw.choice((2, 4, 5.5)),
            "cascode_l": draw.choice((0.35, 0.5, 1)),
            "current": 10 ** draw.uniform(-7, -5),
            "drop": draw.uniform(0.05, 0.4),
            "resistor": draw.choice(list(POLY_RESISTORS)),
            "helper": draw.choice(("npn", "nfet")),
        }
        if name == "mirror_widlar":
            chosen["output"] = chosen["current"] / chosen["ratios"][0] * draw.uniform(0.1, 0.7)
            if chosen["device"] in NPN:
                del chosen["w"], chosen["l"]
        given = [f"{field}={value}" for field, value in chosen.items() if field in fields]
        try:
            spec = catalog.load(name, [*given, f"name=r{MIRRORS.index(name)}_{seed}"])
            if len(catalog.circuit_of(spec).devices) < 60:
                return spec
        except SpecError:
            continue
    raise AssertionError(f"no spec of {name} in {_ATTEMPTS} attempts")


def specs(seed):
    """Of every mirror its default for seed None, else a random one."""
    return {name: catalog.load(name) if seed is None else random_spec(name, seed) for name in MIRRORS}


def side_by_side(every, path):
    """All cells in one layout, without their pins' names, which would be shorts between labels."""
    whole = kdb.Layout()
    whole.dbu = 0.001
    top = whole.create_cell("top")
    x = 0
    for spec in every:
        layout = catalog.layout_of(spec)
        cell = layout.top_cell()
        for other in layout.each_cell():
            other.name = other.name if other is cell else f"{other.name}_{spec.name}"
        for pins in PIN_LAYERS.values():
            for pair in (pins.pin, pins.label):
                layout.clear_layer(layout.layer(*pair))
        target = whole.create_cell(spec.name)
        target.copy_tree(cell)
        top.insert(kdb.CellInstArray(target.cell_index(), kdb.Trans(x - cell.bbox().left, -cell.bbox().bottom)))
        x += -(-(cell.bbox().width() + 10_000) // 1000) * 1000
    whole.write(str(path))
    return path


def check_netlist_and_matching(spec, tmp_path):
    built = build(spec, tmp_path)
    compared = lvs.run(built.gds, built.spice, work=tmp_path / "lvs")
    assert compared.passed, (spec.lines(), compared.errors)
    if re.search("__[np]fet_", built.spice.read_text()):
        found = matching.run(built.gds, netlist=built.spice)
        assert found.passed, (spec.lines(), found.errors)


def test_there_are_mirrors():
    wanted = {"simple", "degenerated", "widlar", "npn", "npn_beta_helper", "npn_wilson"}
    assert {name.removeprefix("mirror_") for name in MIRRORS} >= wanted


@pytest.mark.parametrize("seed", [None, QUICK], ids=["default", "random"])
def test_rules(tmp_path, seed):
    result = drc.run(
        side_by_side(specs(seed).values(), tmp_path / "top.gds"), work=tmp_path / "work", jobs=2, timeout_s=1200
    )
    assert result.passed, result.violations


@pytest.mark.parametrize("seed", [None, QUICK], ids=["default", "random"])
@pytest.mark.parametrize("name", MIRRORS)
def test_netlist_and_matching(tmp_path, name, seed):
    check_netlist_and_matching(specs_of(name, seed), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", MIRRORS)
def test_many_random_specs(tmp_path, name):
    every = [random_spec(name, seed) for seed in MANY]
    result = drc.run(side_by_side(every, tmp_path / "top.gds"), work=tmp_path / "work", jobs=2, timeout_s=1200)
    assert result.passed, ([spec.lines() for spec in every], result.violations)
    for spec in every:
        check_netlist_and_matching(spec, tmp_path / spec.name)


def specs_of(name, seed):
    return catalog.load(name) if seed is None else random_spec(name, seed)


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
        r"the input needs V_GS 0.7\d V \+ body effect 0.23 V \+ drop 1.00 V = 1.9\d V at ss, -40 C",
    ),
    "resistor too small": (
        "mirror_degenerated",
        ["current=500uA", "drop=0.1", "w=200", "l=0.5"],
        r"drop is 0.1 V, the resistor of a unit \(500 uA\) is 200 ohm: the shortest bar of res_xhigh_po_0p69, 0.66 um",
    ),
    "resistor too large": (
        "mirror_degenerated",
        ["current=1nA", "drop=1"],
        r"is 1e\+09 ohm: 2 of them in res_xhigh_po_0p69 would be more than 1024 bars",
    ),
    "no room for two V_BE": (
        "mirror_npn_wilson",
        ["supply=1.62"],
        r"V_BE 0.84 V \+ V_BE of the upper transistor 0.84 V = 1.67 V at ss, -40 C, and supply is 1.62 V",
    ),
    "no room for the helper": (
        "mirror_npn_beta_helper",
        ["supply=1.5"],
        r"V_BE of the helper 0.7\d V \+ V_BE 0.84 V = 1.\d\d V at ss, -40 C, and supply is 1.5 V",
    ),
    "no room for V_BE": ("mirror_npn", ["current=1mA", "supply=1"], r"the input needs V_BE 1.0\d V = 1.0\d V"),
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
