"""The campaign of faults: that it is the same every time, that its evidence is right, and that it can fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import klayout.db as kdb
import pytest
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from mutation import alike, planning, resistance  # noqa: E402
from mutation.fault import KINDS, Mutant, changes, plant  # noqa: E402
from mutation.subjects import FIELDS, subject  # noqa: E402

SMALL = ("hvt", "lvt_own", "synapses")
SHEET = resistance.rules()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, BENCHMARKS / "mutants.py", *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


# The plan


def test_every_kind_has_a_place_and_every_fault_is_one() -> None:
    plan = planning.planned(len(KINDS), 1)
    assert {fault.kind for fault, _ in plan} == set(KINDS)
    assert {fault.cell for fault, _ in plan} <= set(FIELDS)
    for fault, text in plan:
        mutant, again = plant(fault)
        assert again == text
        changed = changes(mutant)
        assert changed.netlist == ("netlist" in fault.kind)
        assert changed.layout != changed.netlist


def test_a_seed_gives_the_same_faults_and_another_one_others() -> None:
    one, same, other = (planning.planned(14, seed, SMALL) for seed in (1, 1, 2))
    assert one == same
    assert not {text for _, text in one} & {text for _, text in other}


def test_a_kind_without_a_place_is_refused() -> None:
    with pytest.raises(SpecError, match=r"no place for fault \d+ \(well edge moved\) in synapses"):
        planning.planned(27, 1, ("synapses",))


# The evidence


def _layout(**shapes: list[tuple[int, int, int, int]]) -> kdb.Layout:
    layout = kdb.Layout()
    cell = layout.create_cell("top")
    for name, boxes in shapes.items():
        cell.shapes(layout.layer(*DRAWING[name])).insert(kdb.Region([kdb.Box(*box) for box in boxes]).merged())
    return layout


def _with_pins(layout: kdb.Layout, **pins: tuple[int, int]) -> kdb.Layout:
    for metal, (x, y) in pins.items():
        layout.top_cell().shapes(layout.layer(*PIN_LAYERS[metal].label)).insert(kdb.Text(metal, x, y))
    return layout


def test_resistance_of_a_thinned_wire() -> None:
    """4 um of a wire at half its width of 1 um: four squares more, and at either end a quarter or so for the turn."""
    wire = (-9000, 0, 9000, 1000)
    before = _layout(met1=[wire])
    after = _layout(met1=[(-9000, 0, 9000, 500), (-9000, 0, -2000, 1000), (2000, 0, 9000, 1000)])
    found = resistance.largest_change(before, after, kdb.Box(-2000, 500, 2000, 1000))
    squares = found.flowing / SHEET.sheet["met1"]
    assert 4.2 < squares < 4.8


def test_resistance_of_vias_in_parallel() -> None:
    wires = {"met1": [(-9000, 0, 600, 400)], "met2": [(0, 0, 9000, 400)]}
    two = [(100, 125, 250, 275), (420, 125, 570, 275)]
    both, one, none = (
        _with_pins(_layout(**wires, via=cuts), met1=(-8000, 200), met2=(8000, 200)) for cuts in (two, two[:1], [])
    )
    found = resistance.largest_change(both, one, kdb.Box(*two[1]))
    assert found.flowing == pytest.approx(SHEET.contact["via"] / 2, rel=0.15)
    assert resistance.largest_change(one, none, kdb.Box(*two[0])).flowing == float("inf")


CIRCUIT = """\
.subckt top in out vss
X1 mid in vss vss nfet l=1 w=2 ad=0.5 as=0.5 pd=3 ps=3
X2 out mid vss vss nfet l=1 w=2 ad=0.5 as=0.5 pd=3 ps=3
C1 mid vss 1e-15
C2 in vss 2e-15
.ends
"""


def test_circuits_are_told_apart_by_what_they_are_and_not_by_names() -> None:
    one = alike.read(CIRCUIT)
    renamed = alike.read(CIRCUIT.replace("mid", "a_1_2#").replace("X1 a_1_2# in vss", "X9 vss in a_1_2#"))
    assert one.same(renamed)
    assert one.capacitance_change(renamed) == (0.0, 0.0)
    for old, new in (("w=2", "w=2.005"), ("mid in", "mid out"), ("nfet", "pfet"), ("out mid", "out in")):
        assert not one.same(alike.read(CIRCUIT.replace(old, new, 1)))
    farad, part = one.capacitance_change(alike.read(CIRCUIT.replace("1e-15", "1.2e-15")))
    assert (farad, part) == (pytest.approx(2e-16), pytest.approx(0.2))
    assert one.junction_change(alike.read(CIRCUIT.replace("ad=0.5", "ad=0.6", 1))) == pytest.approx(0.1)


def test_what_differs_is_found() -> None:
    mutant = Mutant("hvt", subject("hvt").flat.dup(), subject("hvt").netlist, Random(1))
    assert not changes(mutant)
    mutant.add("met1", kdb.Box(-500, -500, 0, 0))
    assert changes(mutant).layers == {"met1": kdb.Box(-500, -500, 0, 0)}


# The whole


def test_a_sample_is_caught_or_shown_harmless() -> None:
    done = _run("--faults", "12", "--seed", "3", "--cells", *SMALL, "--json")
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert [one["fault"] for one in found["faults"] if one["verdict"] == "escaped"] == []
    assert done.returncode == 0
    caught, shown = map(int, re.fullmatch(r"12 planted, (\d+) caught, (\d+) shown harmless", found["summary"]).groups())  # type: ignore[union-attr]
    assert caught + shown == 12
    told = {judge for one in found["faults"] for judge in one["told"]}
    assert told == {"ours", "official", "magic", "KLayout", "netgen", "matching"}
    for one in found["faults"]:
        assert bool(one["told"]) == (one["verdict"] == "caught")
        assert (one["evidence"] is not None) == (one["verdict"] == "harmless")


def test_with_the_checks_off_a_fault_escapes() -> None:
    done = _run("--faults", "1", "--seed", "5", "--jobs", "1", "--cells", "hvt", "--checks")
    assert done.returncode == 1
    *lines, last = done.stdout.splitlines()
    assert last == "1 planted, 0 caught, 0 shown harmless"
    assert lines[-1].startswith("ESCAPED 0 via removed, hvt: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--faults", "0"), "at least 1"), (("--cells", "nand2"), "nand2"), (("--checks", "calibre"), "calibre")],
)
def test_bad_input(arguments: tuple[str, ...], said: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
