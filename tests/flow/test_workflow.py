"""The README's workflow for a user's CI: its commands do what they say, on a small cell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import klayout.db as kdb
import pytest
import yaml
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.layers import MET1

pytestmark = pytest.mark.docs

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (REPO / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in map(yaml.safe_load, blocks) if "jobs" in block]
    assert isinstance(found, dict)
    return found


def commands(workflow: dict[str, Any]) -> list[str]:
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if step.get("run", "").startswith(("mirrorneuron", "mkdir"))]


def run(workflow: dict[str, Any], folder: Path) -> dict[str, int]:
    """Exit status by command."""
    program = Path(sys.executable).parent
    variables = {**os.environ, **workflow["env"], "GITHUB_STEP_SUMMARY": "summary.md"}
    variables["PATH"] = f"{program}:{variables['PATH']}"
    return {
        line: subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line], cwd=folder, env=variables, timeout=300
        ).returncode
        for line in commands(workflow)
    }


def files(workflow: dict[str, Any], folder: Path) -> Path:
    built = build(catalog.load("matched_array", ["ratios=[1,2]"]), folder / "built")
    gds, spice = (folder / str(workflow["env"][name]) for name in ("GDS", "SPICE"))
    for path, source in ((gds, built.gds), (spice, built.spice)):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
    return gds


def test_a_good_layout(workflow: dict[str, Any], tmp_path: Path) -> None:
    files(workflow, tmp_path)
    done = run(workflow, tmp_path)
    assert len(done) == 4
    assert set(done.values()) == {0}
    assert (tmp_path / "summary.md").read_text().count(": passed\n") == 3
    for step in ("drc", "lvs", "matching"):
        suites = ElementTree.parse(tmp_path / f"reports/{step}.xml").getroot()
        assert int(suites.get("tests", "0")) > 1
        assert (suites.get("failures"), suites.get("errors")) == ("0", "0")


def test_a_bad_layout(workflow: dict[str, Any], tmp_path: Path) -> None:
    """A thin wire over everything: too narrow, and a short."""
    gds = files(workflow, tmp_path)
    layout = kdb.Layout()
    layout.read(str(gds))
    (top,) = layout.top_cells()
    box = top.bbox()
    top.shapes(layout.layer(*MET1)).insert(kdb.Box(box.left, box.center().y, box.right, box.center().y + 100))
    layout.write(str(gds))
    statuses = list(run(workflow, tmp_path).values())
    assert statuses[:3] == [0, 1, 1]
    summary = (tmp_path / "summary.md").read_text()
    assert "m1.1" in summary
    assert "no match" in summary
    for step in ("drc", "lvs"):
        assert int(ElementTree.parse(tmp_path / f"reports/{step}.xml").getroot().get("failures", "0")) > 0
