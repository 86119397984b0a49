"""The benchmarks run, and their numbers are those of the patterns and of the layouts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MATCHING = ROOT / "benchmarks" / "matching.py"
STAND_IN = """
import json, sys
from mirrorneuron.generators import catalog

assert sys.argv[1] == "-c"
out = sys.argv[3]
fields = ["ratios=[2,2]", "w=2", "l=1", "fingers=1", "pattern=interdigitated"]
catalog.layout_of(catalog.load("matched_array", fields)).write(f"{out}/current_mirror_2.gds")
cells = {"current_mirror_2": {"seconds": [4.0, 3.0]}, "current_mirror_1": {"error": "KeyError: 'port'"}}
with open(f"{out}/found.json", "w") as file:
    json.dump({"version": "0", "backend": "gdstk", "cells": cells}, file)
"""
"""An interpreter that draws a mirror with our own generator, whatever it is told to run."""


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, MATCHING, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("pictures")
    done = _run("--json", "--ratios", "2:2", "--ratios", "1:2:4:8", "--pictures", folder)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_ours_has_common_centroids_and_passes(result: dict[str, Any]) -> None:
    assert list(result["cases"]) == ["2:2", "1:2:4:8"]
    for case in result["cases"].values():
        ours = case["styles"]["common_centroid"]
        assert ours["pattern"]["offset"] == pytest.approx(0, abs=1e-9)
        assert ours["drawn"]["offset"] == pytest.approx(0, abs=1e-6)
        assert ours["drawn"]["passed"], ours["drawn"]["errors"]


def test_the_drawn_layout_is_the_pattern(result: dict[str, Any]) -> None:
    for case in result["cases"].values():
        assert set(case["styles"]) == {"common_centroid", "interdigitated", "abba", "block"}
        for found in case["styles"].values():
            pattern, drawn = found["pattern"], found["drawn"]
            assert drawn["units"] == case["ratios"]
            assert drawn["offset"] == pytest.approx(pattern["offset"], abs=2e-6)
            assert drawn["dispersion_min"] == pytest.approx(pattern["dispersion_min"], abs=2e-6)
            assert drawn["dispersion_max"] == pytest.approx(pattern["dispersion_max"], abs=2e-6)


def test_a_block_is_worse_and_does_not_pass(result: dict[str, Any]) -> None:
    styles = result["cases"]["1:2:4:8"]["styles"]
    ours, block = styles["common_centroid"], styles["block"]
    assert block["drawn"]["offset"] > 1
    assert not block["drawn"]["passed"]
    assert any(error.startswith("centroid") for error in block["drawn"]["errors"])
    for figure in ("second_order", "mismatch_between"):
        assert block["pattern"][figure] > ours["pattern"][figure]


def test_pictures_show_every_unit(result: dict[str, Any]) -> None:
    by_name = {Path(path).name: Path(path).read_text() for path in result["pictures"]}
    assert set(by_name) == {"pattern_2_2.svg", "pattern_1_2_4_8.svg"}
    for name, units in (("pattern_2_2.svg", 4), ("pattern_1_2_4_8.svg", 15)):
        # A number on each unit and a title on each of the four panels.
        assert by_name[name].count("<text") == 4 * (units + 1)


def test_what_was_not_asked_for_is_said_to_be_left_out(result: dict[str, Any]) -> None:
    assert result["glayout"] is None
    assert result["align"] is None


def test_what_another_generator_drew_is_read_and_timed(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{STAND_IN}")
    python.chmod(0o755)
    done = _run("--json", "--ratios", "2:2", "--backends", "gdstk", "--glayout", python)
    assert (done.returncode, done.stderr) == (0, "")
    cells = json.loads(done.stdout)["glayout"]["gdstk"]["cells"]
    (group,) = cells["current_mirror_2"]["groups"]
    assert group["units"] == [2, 2]
    assert (group["w"], group["l"]) == (2, 1)
    # One pitch apart: A B A B.
    assert group["apart"] == pytest.approx(2 * group["offset"])
    assert group["apart"] > 1
    assert cells["current_mirror_2"]["ours"]["apart"] == pytest.approx(0, abs=1e-6)
    seconds = cells["current_mirror_2"]["ours_seconds"]
    assert cells["current_mirror_2"]["times_slower"] == pytest.approx(3 / seconds)
    assert cells["current_mirror_1"]["error"] == "KeyError: 'port'"


def test_another_back_end_than_the_one_asked_for_is_no_evidence(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{STAND_IN.replace('gdstk', 'gdsfactory')}")
    python.chmod(0o755)
    done = _run("--ratios", "2:2", "--backends", "gdstk", "--glayout", python)
    assert done.returncode == 3
    assert "gdsfactory instead of gdstk" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--ratios", "1:x"), 2, "whole numbers with colons"),
        (("--ratios", "1:0"), 2, "ratios"),
        (("--ratios", "1:1", "--align", "python"), 2, "--align-pdk"),
        (("--ratios", "1:1", "--glayout", "/no/such/python"), 3, "/no/such/python cannot be run"),
        (("--ratios", "1:1", "--glayout", sys.executable), 3, "glayout"),
        (("--ratios", "1:1", "--align", sys.executable, "--align-pdk", ROOT), 2, "layers.json"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], status: int, said: str) -> None:
    done = _run(*arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
