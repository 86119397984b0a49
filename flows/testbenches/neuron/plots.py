"""The measurements of a neuron as plots and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from mirrorneuron.flows.results.measurement import LAYOUT, SCHEMATIC
from mirrorneuron.flows.results.plots import TEXT, Axis, Band, Curve, Guide, Panel, Plot, corner_panels
from mirrorneuron.flows.results.tables import Table, by_corner
from mirrorneuron.flows.testbenches.neuron.measurement import NeuronCorner, NeuronMeasurement, StepTrace

__all__ = ["plots", "tables"]

Measurements: TypeAlias = Mapping[str, NeuronMeasurement]

_BEFORE_US = 0.05  # shown before a step


def plots(measurements: Measurements) -> list[Plot]:
    """The plots of measurements by their names."""
    last, shown = list(measurements.items())[-1]
    return [
        Plot(
            title="Transfer",
            caption=f"Output while one input rises and the others are at zero, and while all rise together ({last}).",
            panels=[[_transfer(shown)]],
        ),
        Plot(
            title="Sigmoid",
            caption=f"Output over the ideal sum: random vectors, the reference transfer, and the logistic fitted to "
            f"both ({last}).",
            panels=[[_sigmoid(shown)]],
        ),
        Plot(
            title="Error of the weighted sum",
            caption="Sums of random vectors, read back through the neuron's own transfer, less the ideal sums.",
            panels=[[_errors(measurements)]],
        ),
        Plot(
            title="Corners",
            caption="Weighted-sum error (RMS), maximum output current, and slope of the fitted logistic.",
            panels=[_corners(measurements)],
            legend="below",
        ),
        Plot(
            title="Steps",
            caption="Step up and back, from the step on. Grey: the settling band, 1 % of the output's full scale about "
            "the final value of the last curve. Inputs without a step are at a tenth of full scale.",
            panels=_steps(measurements),
            wide=True,
            legend="below",
        ),
    ]


def _transfer(shown: NeuronMeasurement) -> Panel:
    rank = max(1, len(shown.alone) - 1)
    curves = [
        Curve(x=1e6 * curve.x, y=1e6 * curve.y, colour=k / rank, label=pin)
        for k, (pin, curve) in enumerate(shown.alone.items())
    ]
    if len(shown.alone) > 1:
        together = shown.together
        curves.append(Curve(x=1e6 * together.x, y=1e6 * together.y, colour=TEXT, label="together", style="dashed"))
    return Panel(x=Axis(label="input current, uA"), y=Axis(label="output current, uA"), curves=curves)


def _sigmoid(shown: NeuronMeasurement) -> Panel:
    vectors, reference = shown.vectors, shown.reference
    curves = [
        Curve(x=1e6 * vectors.sums, y=1e6 * vectors.outputs, colour=LAYOUT, label="random vectors", style="dots"),
        Curve(x=1e6 * reference.x, y=1e6 * reference.y, colour=SCHEMATIC, label="reference transfer", style="crosses"),
    ]
    if shown.fit is not None:
        x = np.linspace(reference.x.min(), reference.x.max(), 200)
        curves.append(Curve(x=1e6 * x, y=1e6 * shown.fit(x), colour=TEXT, label="logistic", style="thin"))
    return Panel(x=Axis(label="ideal sum, uA"), y=Axis(label="output current, uA"), curves=curves)


def _errors(measurements: Measurements) -> Panel:
    last = list(measurements)[-1]
    curves = [
        Curve(
            x=1e6 * measurement.vectors.sums,
            y=100 * (measurement.vectors.referred - measurement.vectors.sums) / measurement.full_scale,
            colour=name,
            label=name,
            style="dots" if name == last else "rings",
        )
        for name, measurement in measurements.items()
    ]
    return Panel(
        x=Axis(label="ideal sum, uA"),
        y=Axis(label="error, % of full scale"),
        curves=curves,
        guides=[Guide(at=0.0, axis="y")],
    )


def _corners(measurements: Measurements) -> list[Panel]:
    values: dict[str, Callable[[NeuronCorner], float | None]] = {
        "error, % of full scale": lambda corner: corner.rms,
        "maximum output, uA": lambda corner: 1e6 * corner.output_max,
        "slope, 1/uA": lambda corner: 1e-6 * corner.fit.slope if corner.fit else None,
    }
    numbers = {
        label: {
            name: {str(corner.condition): value(corner) for corner in measurement.corners}
            for name, measurement in measurements.items()
        }
        for label, value in values.items()
    }
    return corner_panels(numbers, next(iter(measurements.values())).conditions)


def _steps(measurements: Measurements) -> list[list[Panel]]:
    """A column for each step: up in the first row, down in the second."""
    columns = range(len(next(iter(measurements.values())).steps))
    return [[_step(measurements, column, up=up) for column in columns] for up in (True, False)]


def _step(measurements: Measurements, column: int, *, up: bool) -> Panel:
    curves: list[Curve] = []
    for name, measurement in measurements.items():
        trace = measurement.steps[column]
        start, end = _span(trace, up=up)
        inside = (trace.time >= start - 1e-6 * _BEFORE_US) & (trace.time <= end)
        x, y = 1e6 * (trace.time[inside] - start), 1e6 * trace.output[inside]
        curves.append(Curve(x=x, y=y, colour=name, label=name))
    last = list(measurements.values())[-1]
    trace = last.steps[column]
    start, end = _span(trace, up=up)
    final = float(np.interp(end, trace.time, trace.output))
    kind = "smallest" if trace.kind == "small" else trace.kind
    return Panel(
        title=f"{kind}, {trace.inputs}",
        x=Axis(label="" if up else "time, us", low=-_BEFORE_US, high=1e6 * min(end - start, _window(last.steps))),
        y=Axis(label="output, uA" if column == 0 else ""),
        curves=curves,
        bands=[Band(1e6 * (final - last.band), 1e6 * (final + last.band))],
    )


def _span(trace: StepTrace, *, up: bool) -> tuple[float, float]:
    """Start and end of the step up or down [s]."""
    return (trace.up_s, trace.down_s) if up else (trace.down_s, trace.end_s)


def _window(steps: Sequence[StepTrace]) -> float:
    """Time [s] that shows the settling of every step."""
    longest = 0.3e-6
    for trace in steps:
        off = np.abs(trace.output - np.interp(trace.end_s, trace.time, trace.output))
        after = (trace.time > trace.down_s) & (off > 0.005 * max(float(np.ptp(trace.output)), 1e-15))
        if after.any():
            longest = max(longest, float(trace.time[after][-1]) - trace.down_s)
    return 1.4 * longest


def tables(measurements: Measurements) -> list[Table]:
    """The weighted-sum error at each corner of the last measurement."""
    name, measurement = list(measurements.items())[-1]
    errors = {str(corner.condition): corner.rms for corner in measurement.corners}
    return [by_corner(f"Weighted-sum error, RMS, % ({name})", errors, measurement.conditions)]
