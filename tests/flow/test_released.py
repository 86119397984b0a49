"""The released cells and the README's figures are those of the report beside them."""

import json
import re
from pathlib import Path

import pytest
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "gds_out" / "neuron4"


def test_the_released_layout_and_netlist_are_what_the_example_gives(tmp_path: Path) -> None:
    built = build(catalog.load(str(ROOT / "examples" / "neuron4.yaml")), tmp_path)
    assert built.gds.read_bytes() == (RELEASED / "neuron4.gds").read_bytes()
    assert built.spice.read_bytes() == (RELEASED / "neuron4.spice").read_bytes()


def test_the_readme_tells_what_was_measured() -> None:
    report = json.loads((RELEASED / "report.json").read_text())
    assert report["passed"] is True
    measured = {name: report["measured"][name]["numbers"] for name in ("schematic", "after layout")}
    keys = ["sum_error_rms", "corner_sum_error_rms", "fit_rms", "slope_drift", "settling_full", "settling_small"]
    keys.append("power_mid")
    table = (ROOT / "README.md").read_text().partition("| schematic | after layout | target |")[2]
    rows = [line.split("|") for line in table.splitlines() if re.search(r"\d", line)][: len(keys)]
    for key, row in zip(keys, rows, strict=True):
        told = [float(cell.split()[0]) for cell in row[2:4]]
        found = [measured[name][key]["value"] for name in ("schematic", "after layout")]
        assert told == pytest.approx(found, rel=0.01), key


def test_the_readme_counts_what_was_checked() -> None:
    checks = {check["name"]: check["value"] for check in json.loads((RELEASED / "report.json").read_text())["checks"]}
    text = (ROOT / "README.md").read_text()
    assert f"no violation in {checks['rules run']} rules" in text
    assert f"{checks['devices compared']} devices match" in text
