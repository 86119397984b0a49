"""The hand models' constants are the engine's, and their equations keep their limits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from mirrorneuron.pdk_sky130.constants import UT
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models.hand import HAND_MODELS, hand_model

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "hand_models.py"


@pytest.fixture(scope="module")
def fitted():
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--json"], capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("device", HAND_MODELS)
def test_constants_are_what_the_models_give(fitted, device):
    model, used = fitted[device]["fitted"], fitted[device]["used"]
    assert used["vt"] == pytest.approx(model["vt"], abs=2e-3)
    assert used["n"] == pytest.approx(model["n"], abs=0.01)
    assert used["kp"] == pytest.approx(model["kp"], rel=0.01)
    assert used["lambda_um"] == pytest.approx(model["lambda_um"], rel=0.01)
    assert used["slow"] == pytest.approx(model["slow"], abs=2e-3)
    assert fitted[device]["misfit"] < 0.01


def test_weak_inversion_is_exponential():
    """A decade of current takes n Ut ln 10, and g_m is I / (n Ut)."""
    model = hand_model("nfet_01v8")
    decade = model.gate_source(1e-11, 1.0) - model.gate_source(1e-12, 1.0)
    assert decade == pytest.approx(model.n * UT * math.log(10), rel=1e-2)
    assert model.gm(1e-12, 1.0) == pytest.approx(1e-12 / (model.n * UT), rel=1e-3)
    assert model.saturation(1e-12, 1.0) == pytest.approx(4 * UT, rel=1e-3)


def test_strong_inversion_is_a_square_law():
    """Four times the current takes twice the overdrive, and g_m is sqrt(2 KP / n W/L I)."""
    model = hand_model("nfet_01v8")
    one, four = (model.gate_source(current, 1.0) - model.vt for current in (1e-2, 4e-2))
    assert four / one == pytest.approx(2, rel=1e-3)
    assert model.gm(1e-2, 1.0) == pytest.approx(math.sqrt(2 * model.kp / model.n * 1e-2), rel=0.02)


def test_no_model_no_value():
    with pytest.raises(SpecError, match="no hand model of npn"):
        hand_model("npn")
