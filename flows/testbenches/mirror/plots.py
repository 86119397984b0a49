"""The measurements of a mirror as plots and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.results.plots import Axis, Curve, Guide, Panel, Plot, corner_panels
from mirrorneuron.flows.results.tables import Table, TableCell, by_corner
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror.measurement import Floats, MirrorCorner, MirrorMeasurement
from mirrorneuron.flows.testbenches.mirror.plan import BEFORE_S
from mirrorneuron.flows.testbenches.mirror.static import worst

__all__ = ["plots", "tables"]

Measurements: TypeAlias = Mapping[str, MirrorMeasurement]

_DEVICES: Final = 6  # in the table of the mismatch
_LEAST_DB: Final = -40.0
_ZERO: Final = Guide(at=0.0, axis="y")


def plots(measurements: Measurements) -> list[Plot]:
    """The plots of measurements by their names."""
    return [
        Plot(
            title="Ratio",
            caption="Ratio error of the worst output over its voltage from the rail. Dashed and dotted: output "
            "compliance for 1 % and 5 % of loss against half the supply.",
            panels=[[_ratio(measurements)]],
        ),
        Plot(
            title="Impedance",
            caption="Output impedance of a unit over frequency.",
            panels=[[_impedance(measurements)]],
        ),
        Plot(
            title="Range",
            caption="Ratio error over the input current. Dashed: the spec's current.",
            panels=[[_range(measurements)]],
        ),
        Plot(
            title="Gain",
            caption="Small-signal gain from input to output current, relative to that at low frequency. Dashed: -3 dB.",
            panels=[[_gain(measurements)]],
        ),
        Plot(
            title="Noise",
            caption="Noise density of the output current.",
            panels=[[_noise(measurements)]],
        ),
        Plot(
            title="Corners",
            caption="Magnitude of the ratio error in the middle of the output range, output compliance (1 %), and "
            "input voltage.",
            panels=[_corners(measurements)],
            legend="below",
        ),
        Plot(
            title="Steps",
            caption="Left: input from 10 % to 100 % and back. Others: 10 % steps at input currents from the smallest "
            "up, each relative to its final height; tt, 27 C.",
            panels=[_steps(measurements)],
            wide=True,
            entries=3,
        ),
    ]


def _ratio(measurements: Measurements) -> Panel:
    curves: list[Curve] = []
    guides = [_ZERO]
    errors_shown: list[float] = []
    for name, measurement in measurements.items():
        numbers, corner = measurement.numbers, measurement.typical
        errors = 100 * (corner.ratios - 1)
        largest = errors[np.abs(errors).argmax(axis=0), np.arange(errors.shape[1])]
        curves.append(Curve(x=corner.volts, y=largest, colour=name, label=name))
        if "output_low" in numbers:
            guides.append(Guide(at=numbers["output_low"], axis="x", colour=name, style="dashed"))
        if "output_low_5" in numbers:
            guides.append(Guide(at=numbers["output_low_5"], axis="x", colour=name, style="dotted"))
        if "error_mid" in numbers:
            errors_shown += [numbers["error_mid"], numbers["error_top"]]
    # The error that matters lies within twice that of the output range; below the compliance it goes to -100 %.
    reach = max([1.0, *(2 * abs(error) for error in errors_shown)])
    return Panel(
        x=Axis(label="output voltage, V"),
        y=Axis(label="ratio error, %", low=-reach, high=reach),
        curves=curves,
        guides=guides,
    )


def _impedance(measurements: Measurements) -> Panel:
    return Panel(
        x=Axis(label="frequency, Hz", log=True),
        y=Axis(label="output impedance, ohm", log=True),
        curves=[
            Curve(x=measurement.impedance_at, y=measurement.impedance, colour=name, label=name)
            for name, measurement in measurements.items()
        ],
    )


def _range(measurements: Measurements) -> Panel:
    curves: list[Curve] = []
    reach = 1.0
    for name, measurement in measurements.items():
        error = 100 * (measurement.transfer - 1)
        curves.append(Curve(x=1e6 * measurement.inputs, y=error, colour=name, label=name))
        near = np.abs(np.log10(measurement.inputs / measurement.current)) < 1
        reach = max(reach, 2 * float(np.abs(error[near]).max(initial=0.0)))
    current = next(iter(measurements.values())).current
    return Panel(
        x=Axis(label="input current, uA", log=True),
        y=Axis(label="ratio error, %", low=-reach, high=reach),
        curves=curves,
        guides=[_ZERO, Guide(at=1e6 * current, axis="x", style="dashed")],
    )


def _gain(measurements: Measurements) -> Panel:
    return Panel(
        x=Axis(label="frequency, Hz", log=True),
        y=Axis(label="relative gain, dB", low=_LEAST_DB),
        curves=[
            Curve(x=measurement.frequency, y=20 * np.log10(np.maximum(measurement.gain, 1e-6)), colour=name, label=name)
            for name, measurement in measurements.items()
        ],
        guides=[Guide(at=-3.0, axis="y", style="dashed")],
    )


def _noise(measurements: Measurements) -> Panel:
    return Panel(
        x=Axis(label="frequency, Hz", log=True),
        y=Axis(label="noise density, pA/rtHz", log=True),
        curves=[
            Curve(x=measurement.noise_at, y=1e12 * measurement.noise, colour=name, label=name)
            for name, measurement in measurements.items()
        ],
    )


def _corners(measurements: Measurements) -> list[Panel]:
    values: dict[str, Callable[[MirrorCorner], float | None]] = {
        "ratio error, %": lambda corner: float(np.abs(corner.errors(corner.middle)).max()),
        "output compliance, V": _compliance,
        "input voltage, V": lambda corner: corner.input_voltage,
    }
    numbers = {
        label: {
            name: {str(corner.condition): value(corner) for corner in measurement.corners}
            for name, measurement in measurements.items()
        }
        for label, value in values.items()
    }
    return corner_panels(numbers, next(iter(measurements.values())).conditions)


def _compliance(corner: MirrorCorner) -> float | None:
    return corner.low if math.isfinite(corner.low) else None


def _steps(measurements: Measurements) -> list[Panel]:
    """The full step, and a panel for each input current of the small steps."""
    first = next(iter(measurements.values()))
    currents = [step.input for step in first.steps if step.condition == TYPICAL]
    full = [
        Curve(x=1e6 * (time - BEFORE_S), y=1e6 * output, colour=name, label=name)
        for name, (time, output) in ((name, measurement.full) for name, measurement in measurements.items())
    ]
    panels = [Panel(title="full", x=Axis(label="us"), y=Axis(label="output, uA"), curves=full)]
    return panels + [
        _small_steps(measurements, current, "% of the step" if k == 0 else "") for k, current in enumerate(currents)
    ]


def _small_steps(measurements: Measurements, current: float, label: str) -> Panel:
    curves: list[Curve] = []
    shown = 0.0
    for name, measurement in measurements.items():
        for step in measurement.steps:
            if step.condition == TYPICAL and step.input == current:
                end = (step.time[-1] + BEFORE_S) / 2
                initial, final = (float(v) for v in np.interp([0.0, end], step.time, step.output))
                part = (step.output - initial) / (final - initial or 1.0)
                curves.append(Curve(x=1e6 * (step.time - BEFORE_S), y=100 * part, colour=name))
                shown = max(shown, _settled(step.time, part, end))
    return Panel(
        title=f"at {1e9 * current:.4g} nA",
        x=Axis(label="us", low=-0.02e6 * shown, high=1e6 * shown),
        y=Axis(label=label),
        curves=curves,
    )


def _settled(time: Floats, part: Floats, end: float) -> float:
    """How much of a step up to `end` [s] is shown: 1.6 times its settling to half a percent."""
    off = np.flatnonzero((time < end) & (np.abs(part - 1) > 0.005))
    return max(1.6 * (float(time[off[-1]]) - BEFORE_S) if len(off) else 0.0, (end - BEFORE_S) / 200)


def tables(measurements: Measurements) -> list[Table]:
    """Ratio error, compliance, output resistance and input voltage by corner, and the mismatch by device."""
    name, measurement = list(measurements.items())[-1]
    values: dict[str, Callable[[MirrorCorner], float | None]] = {
        f"Ratio error, % ({name})": lambda corner: worst(corner.errors(corner.middle)),
        f"Output compliance (1 %), V ({name})": _compliance,
        f"Output resistance of a unit, Gohm ({name})": lambda corner: 1e-9 * corner.resistance,
        f"Input voltage, V ({name})": lambda corner: corner.input_voltage,
    }
    by_corners = [
        by_corner(
            title, {str(corner.condition): value(corner) for corner in measurement.corners}, measurement.conditions
        )
        for title, value in values.items()
    ]
    return [*by_corners, _mismatch(f"Mismatch by device ({name})", measurement.shares[:_DEVICES])]


def _mismatch(title: str, shares: Sequence[tuple[str, float]]) -> Table:
    rows: list[list[TableCell]] = [[device, round(100 * share, 1)] for device, share in shares]
    return Table([title, "share of the variance, %"], rows)
