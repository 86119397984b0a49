"""Densities: they need a whole chip, so each has layouts of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130.layers import DRAWING, Layer

LAYERS = {"cfom": "diff", "li1": "li1", **{f"m{number}": f"met{number}" for number in range(1, 6)}}
LEAST = {"cfom": 33, "m5": 45}
GREATEST = {"cfom": 57, "m5": 76}
CHIP = DRAWING["prbndry"]
MET1_FILL = Layer(36, 28)


def densities(result: drc.DrcResult) -> set[str]:
    return {violation.rule for violation in result.violations if ".pd." in violation.rule}


@pytest.mark.parametrize(
    ("limits", "default", "change", "end"),
    [(LEAST, 35, 0.0, ""), (LEAST, 35, -0.005, "d"), (GREATEST, 60, 0.0, ""), (GREATEST, 60, 0.005, "e")],
    ids=["least", "below", "greatest", "above"],
)
def test_the_limits_of_every_layer(
    limits: dict[str, int], default: int, change: float, end: str, drawing: type, tmp_path: Path
) -> None:
    chip = drawing()
    chip.box(CHIP, 0, 0, 700, 700)
    for name, layer in LAYERS.items():
        chip.box(DRAWING[layer], 0, 0, 700, 7 * limits.get(name, default) + change)
    result = drc.run(chip.write(tmp_path / "chip.gds"), work=tmp_path / "work", decks=("ours",))
    assert result.not_applicable == {}
    assert densities(result) == ({f"{name}.pd.1{end}" for name in LAYERS} if end else set())


def test_a_window_that_is_too_empty_in_a_chip_that_is_not(drawing: type, tmp_path: Path) -> None:
    chip = drawing()
    chip.box(CHIP, 0, 0, 1400, 700)
    for layer in LAYERS.values():
        chip.box(DRAWING[layer], 0, 0, 1400, 350)
    # Metal 1 only as fill on the left: 50 % there, 34 % in the window at the right, and windows between.
    chip.top.shapes(chip.layout.layer(*DRAWING["met1"])).clear()
    chip.box(MET1_FILL, 0, 0, 700, 350)
    chip.box(DRAWING["met1"], 700, 0, 1400, 238)
    result = drc.run(chip.write(tmp_path / "chip.gds"), work=tmp_path / "work", decks=("ours",))
    assert densities(result) == {"m1.pd.1d"}
    assert all(violation.x >= 1000 for violation in result.violations if violation.rule == "m1.pd.1d")


@pytest.mark.parametrize("side", [699.995, None])
def test_what_is_no_chip_is_not_checked_and_says_so(side: float | None, drawing: type, tmp_path: Path) -> None:
    block = drawing()
    block.box(DRAWING["met1"], 0, 0, 800, 800)
    if side:
        block.box(CHIP, 0, 0, 800, side)
    result = drc.run(block.write(tmp_path / "block.gds"), work=tmp_path / "work", decks=("ours",))
    assert result.passed
    assert {f"{name}.pd.1{end}" for name in LAYERS for end in "de"} == set(result.not_applicable)
    assert set(result.not_applicable.values()) == {"no chip boundary (prbndry) of 700 um or more"}
