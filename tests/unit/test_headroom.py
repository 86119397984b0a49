"""The table of headroom is what the engine says, and lies where it must between its sizes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import hand_model

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "headroom.py"


@pytest.fixture(scope="module")
def benchmark():
    description = importlib.util.spec_from_file_location("headroom_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("device", "w", "length"), [("nfet_01v8", 2, 0.25), ("pfet_01v8", 10, 2), ("pfet_01v8_lvt", 0.84, 0.5)]
)
def test_the_table_is_what_the_models_give(benchmark, device, w, length):
    more, off = benchmark.measured(device, w, length)
    assert headroom.leakage(device, w, length) == pytest.approx(off * w / length, rel=0.01)
    for current, volt in zip(headroom.CURRENTS_A, more, strict=False):
        found = headroom.gate_source(device, current * w / length, w, length)
        assert found == pytest.approx(hand_model(device).gate_source(current, 1.0) + volt, abs=1e-3)


def test_the_table_has_every_size(benchmark):
    rows = headroom.HEADROOM_CSV.read_text().splitlines()[1:]
    devices = len(benchmark.DEVICES) * len(benchmark.WIDTHS_UM) * len(benchmark.LENGTHS_UM)
    short = 2 * len(benchmark.WIDTHS_UM) + len(benchmark.WIDTHS_UM)  # pfet_01v8_lvt at 0.15, 0.18 and 0.25 um
    assert len(rows) == devices - short


def test_between_sizes_it_is_between(benchmark):
    at = [headroom.gate_source("nfet_01v8", 1e-6 * w / 0.3, w, 0.3) for w in (2.0, 5.0, 10.0)]
    assert min(at[0], at[2]) <= at[1] <= max(at[0], at[2])
    off = [headroom.leakage("nfet_01v8_lvt", 2.0, length) for length in (1.0, 1.4, 2.0)]
    assert off[0] > off[1] > off[2]


def test_beyond_the_table_the_nearest_holds():
    model = hand_model("nfet_01v8")
    near, far = (headroom.gate_source("nfet_01v8", one * 2, 2.0, 1.0) for one in (1e-9, 1e-11))
    assert near - far == pytest.approx(model.gate_source(1e-9, 1.0) - model.gate_source(1e-11, 1.0), abs=1e-6)


def test_a_device_without_a_table_has_the_hand_model():
    assert headroom.gate_source("pfet_01v8_hvt", 1e-6, 2.0, 2.0) == hand_model("pfet_01v8_hvt").gate_source(
        1e-6, 1.0, slow=True
    )
    assert headroom.leakage("pfet_01v8_hvt", 2.0, 2.0) == 0
    with pytest.raises(SpecError, match="no hand model"):
        headroom.gate_source("npn", 1e-6, 2.0, 2.0)
