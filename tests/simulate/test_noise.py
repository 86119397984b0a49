"""Noise: against Nyquist's formula, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mirrorneuron.flows.simulate import Condition, run
from mirrorneuron.flows.simulate.bench import CurrentInput, Noise, Voltage
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError

RESISTOR = ".subckt top in out vss\nr1 out vss 10k\nr2 in vss 1k\n.ends\n"
BOLTZMANN = 1.380649e-23


def sources():
    return [Voltage("out", 0.5), Voltage("vss", 0.0), Voltage("vdd", 1.8), CurrentInput("in", 1e-6)]


@pytest.mark.parametrize("temperature", [-40.0, 27.0, 125.0])
def test_a_resistor_has_nyquists_noise(bench, temperature):
    found = run(bench(RESISTOR, sources(), {"n": Noise("out", "in", 1.0, 1e6)}), Condition("tt", temperature))["n"]
    kelvin = temperature + 273.15
    assert found.x_unit == "Hz"
    assert (found.x[0], found.x[-1]) == (1.0, pytest.approx(1e6))
    assert np.allclose(found.i("out"), math.sqrt(4 * BOLTZMANN * kelvin / 10e3), rtol=1e-4)


def test_the_source_does_not_matter(bench):
    both = {"a": Noise("OUT", "in", 1.0, 1e3), "b": Noise("out", "vdd", 1.0, 1e3)}
    found = run(bench(RESISTOR, sources(), both))
    assert np.allclose(found["a"].i("out"), found["b"].i("out"), rtol=1e-6)


def test_a_transistor_flickers_and_hisses(mirror):
    """Falling as 1/f^0.84 in power at first, as the models have it, then level."""
    found = run(mirror({"n": Noise("out", "in", 1.0, 1e7)}))["n"]
    density = found.i("out")
    decade = density[0] / np.interp(10.0, found.x, density)
    assert decade == pytest.approx(10 ** (0.84 / 2), rel=0.02)
    assert 0.7 < density[-1] / np.interp(1e6, found.x, density) < 1


@pytest.mark.parametrize(
    ("analysis", "said"),
    [
        (("in", "vdd", 1.0, 1e3), "that of a voltage source, and in has none"),
        (("nowhere", "in", 1.0, 1e3), "nowhere has none"),
        (("out", "nowhere", 1.0, 1e3), "no source on nowhere"),
    ],
)
def test_pins_without_a_source_are_refused(bench, analysis, said):
    with pytest.raises(SpecError, match=said):
        bench(RESISTOR, sources(), {"n": Noise(*analysis)})


@pytest.mark.parametrize("span", [(0.0, 1.0), (2.0, 1.0), (1.0, math.inf)])
def test_frequencies_are_checked(span):
    with pytest.raises(SpecError, match="0 < start_hz < stop_hz"):
        Noise("out", "in", *span)


def test_there_is_a_density_and_nothing_else(bench):
    found = run(bench(RESISTOR, sources(), {"n": Noise("out", "in", 1.0, 1e3)}))["n"]
    with pytest.raises(NetlistError, match="no source on in"):
        found.i("in")
    with pytest.raises(NetlistError, match="no node out"):
        found.v("out")
