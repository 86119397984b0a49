"""Measurements, layouts and step results made by hand, so that judge, report and signoff are quick to test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import klayout.db as kdb
import numpy as np
import pytest
from mirrorneuron.flows import build as build_step
from mirrorneuron.flows import drc, extract, lvs, matching, signoff
from mirrorneuron.flows.build import Built
from mirrorneuron.flows.matching import GroupReport, MatchingResult, Output
from mirrorneuron.flows.reports import picture
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbenches.conditions import CONDITIONS
from mirrorneuron.flows.testbenches.measure import fit_logistic
from mirrorneuron.flows.testbenches.neuron import bench as neuron
from mirrorneuron.flows.testbenches.neuron.measurement import (
    NeuronCorner,
    NeuronMeasurement,
    OutputCurve,
    RandomVectors,
    StepTrace,
)
from mirrorneuron.flows.testbenches.neuron.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.tools import provenance
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.layers import MET1, PIN_LAYERS

PINS = ("iin0", "iin1", "iout", "vref", "ibias", "vdd", "vss")


def _output(sums: Any) -> Any:
    return 1e-6 / (1 + np.exp(-1e6 * np.asarray(sums)))


def measurement(missing: Mapping[str, str] | None = None, **numbers: float) -> NeuronMeasurement:
    """A neuron of weights 1 and -1 whose numbers are all 0 but those given."""
    gone = dict(missing or {})
    ramp = np.linspace(0.0, 1e-6, 9)
    sums = np.linspace(-1e-6, 1e-6, 17)
    drawn = np.random.default_rng(1).uniform(-0.9e-6, 0.9e-6, 40)
    fit = fit_logistic(sums, _output(sums))
    time = np.linspace(0.0, 4.1e-6, 400)
    high = (time > 0.1e-6) & (time < 2.1e-6)
    return NeuronMeasurement(
        netlist=Path("neuron.spice"),
        numbers={key: numbers.get(key, 0.0) for key in QUANTITIES if key not in gone},
        missing=gone,
        conditions=CONDITIONS,
        limited=(),
        points=100,
        ngspice="39",
        models="continuous",
        full_scale=2e-6,
        band=1e-8,
        alone={"iin0": OutputCurve(ramp, _output(ramp)), "iin1": OutputCurve(ramp, _output(-ramp))},
        together=OutputCurve(ramp, _output(0 * ramp)),
        reference=OutputCurve(sums, _output(sums)),
        vectors=RandomVectors(drawn, _output(drawn), drawn + 1e-9),
        fit=fit,
        steps=[
            StepTrace(kind, inputs, 0.1e-6, 2.1e-6, 4.1e-6, time, np.where(high, 0.7e-6, 0.5e-6))
            for kind in ("full", "small")
            for inputs in ("iin0", "all inputs")
        ],
        corners=[NeuronCorner(condition, 0.1, 0.2, 1e-6, fit) for condition in CONDITIONS],
    )


def matched(*errors: str, **changes: Any) -> MatchingResult:
    """A matching report of a mirror 1:2 and a transistor by itself; `changes` are the mirror's."""
    mirror = GroupReport(
        gate="bias",
        kind="mirror",
        model="sky130_fd_pr__nfet_01v8",
        w=2.0,
        l=1.0,
        fingers=2,
        finger_w=1.0,
        source="vss",
        bulk="vss",
        outputs=(
            Output("bias", "bias", 2, 1.0, 5.0, 3.0, 0.0, 0.8),
            Output("iout", "bias", 4, 2.0, 5.0, 3.0, 0.25, 1.1),
        ),
        orientation="x",
        dummies=2.0,
        well_distance=(1.87, 4.5),
        diffusion_end=(0.5, 0.5),
        ring=True,
        arrays=1,
        equal_radius=3.0,
        logic=False,
    )
    alone = replace(
        mirror, gate="lonely", kind="parallel", outputs=(mirror.outputs[0],), well_distance=None, ring=False
    )
    return MatchingResult(not errors, (replace(mirror, **changes), alone), errors, (), (), 12)


def layout_with_pins(name: str = "pair", pins: tuple[str, ...] = PINS) -> kdb.Layout:
    """A layout with a met1 square for each pin."""
    layout = kdb.Layout()
    cell = layout.create_cell(name)
    for k, pin in enumerate(pins):
        box = kdb.Box(1000 * k, 0, 1000 * k + 500, 500)
        cell.shapes(layout.layer(*MET1)).insert(box)
        cell.shapes(layout.layer(*PIN_LAYERS["met1"].pin)).insert(box)
        for pair in (PIN_LAYERS["met1"].pin, PIN_LAYERS["met1"].label):
            cell.shapes(layout.layer(*pair)).insert(kdb.Text(pin, 1000 * k + 250, 250))
    return layout


@dataclass
class Steps:
    """What the stand-ins of the steps return, or raise; tests change it."""

    drc: Any = field(default_factory=lambda: drc.DrcResult((), {"official": 100, "magic": 50}))
    lvs: Any = field(default_factory=lambda: lvs.LvsResult(True, 12, True, True, ()))
    matching: Any = field(default_factory=matched)
    extract: Any = None
    schematic: Any = field(default_factory=measurement)
    layout: Any = field(default_factory=lambda: measurement(missing=dict.fromkeys(LAYOUT_ONLY, "not compared")))


def _give(result: Any) -> Any:
    if isinstance(result, BaseException):
        raise result
    return result


@pytest.fixture
def spec() -> NeuronSpec:
    return NeuronSpec(name="pair", weights=[1, -1], reference_units=1)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Steps:
    """Stand-ins for all steps that run a tool: what they find is in the value, which a test may change."""
    chosen = Steps()

    def build(spec: NeuronSpec, out: Path) -> Built:
        folder = out / spec.name
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{spec.name}.{ending}" for ending in ("gds", "spice", "png")]
        files[0].write_text("")
        files[1].write_text("")
        picture.draw(layout_with_pins(), files[2], width=200)
        return Built(*files, 5000.0, (Check("build", "pins", True),))

    def extracted(gds: Path, *, out: Path, work: Path, schematic: Path) -> extract.ExtractResult:
        result = chosen.extract or extract.ExtractResult(out, 12, 30, 1e-12, PINS, "magic 8.3")
        _give(result)
        out.write_text("")
        return result

    def measured(spec: NeuronSpec, netlists: list[Path], **_: Any) -> list[NeuronMeasurement]:
        (netlist,) = netlists
        return [_give(chosen.layout if netlist.name.endswith(".pex.spice") else chosen.schematic)]

    monkeypatch.setattr(build_step, "build", build)
    monkeypatch.setattr(drc, "run", lambda *_, **__: _give(chosen.drc))
    monkeypatch.setattr(lvs, "run", lambda *_, **__: _give(chosen.lvs))
    monkeypatch.setattr(extract, "run", extracted)
    monkeypatch.setattr(matching, "run", lambda *_, **__: _give(chosen.matching))
    monkeypatch.setattr(neuron, "BENCH", replace(neuron.BENCH, measure=measured))
    monkeypatch.setattr(install, "locate", lambda: install.Pdk(*[Path()] * 1, "test", "1", *[Path()] * 4))
    monkeypatch.setattr(provenance, "versions", lambda _: {"ngspice": "39"})
    return chosen


@pytest.fixture
def signed(spec: NeuronSpec, steps: Steps, tmp_path: Path) -> Callable[..., signoff.Signoff]:
    """Takes the pair through the stand-ins."""
    from mirrorneuron.flows import judge

    def run(**more: Any) -> signoff.Signoff:
        return signoff.run(spec, tmp_path / "out", targets=judge.targets(neuron.BENCH), **more)

    return run
