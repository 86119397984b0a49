"""The command `mirrorneuron matching`: exit status, JSON, and what a person reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import klayout.db as kdb

PROGRAM = Path(sys.executable).with_name("mirrorneuron")


def call(*arguments):
    return subprocess.run([PROGRAM, "matching", *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_json(kit, desk, tmp_path):
    gds, spice = desk.write(kit.drawn()), tmp_path / "array.spice"
    spice.write_text(kit.netlist())
    done = call(gds, "--netlist", spice, "--json")
    assert done.returncode == 0 and not done.stderr
    data = json.loads(done.stdout)
    assert data["passed"] is True and data["errors"] == [] and data["transistors"] == 70
    (group,) = data["groups"]
    assert (group["gate"], group["w"], group["l"]) == ("g", 2, 1)
    assert set(group["outputs"][0]) == {"net", "gate", "units", "ratio", "x", "y", "offset", "dispersion"}


def test_a_failed_check(kit, desk, tmp_path):
    gds, spice = desk.write(kit.drawn("ratios=[4,20]")), tmp_path / "wanted.spice"
    spice.write_text(kit.netlist("ratios=[4,8]"))
    done = call(gds, "--netlist", spice)
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED") and "4:20 as drawn, 4:8 in the netlist" in done.stdout
    assert "mirror g: nfet_01v8 2/1 um" in done.stdout and "ring closed" in done.stdout
    assert "not judged: number of dummies; equal surroundings; metal over gates; dispersion" in done.stdout
    done = call(gds, "--netlist", spice, "--ignore", "netlist", "--group", "g")
    assert done.returncode == 0 and "ignored: netlist: ratio" in done.stdout


def test_centroid_limit_and_top(kit, desk):
    gds = desk.write(kit.patterned((".abba.", ".abab.")))
    assert call(gds).returncode == 1
    assert call(gds, "--centroid", "0.64", "--top", "top").returncode == 0
    assert call(gds, "--top", "other").returncode == 2


def test_bad_input(kit, desk):
    empty = kdb.Layout()
    empty.create_cell("empty")
    gds = desk.write(empty)
    done = call(gds, "--json")
    assert done.returncode == 2 and "is empty" in json.loads(done.stdout)["error"]
    done = call(kit_gds := desk.write(kit.patterned((".abba.",))), "--group", "bias")
    assert done.returncode == 2 and "no group has the gate 'bias'; there are: g" in done.stderr
    done = call(kit_gds, "--ignore", "colour")
    assert done.returncode == 2 and "no check 'colour'" in done.stderr and "Traceback" not in done.stderr
