"""The measurements of a matched array as plots and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.results.plots import Axis, Curve, Guide, Panel, Plot, corner_panels
from mirrorneuron.flows.results.tables import Table, TableCell, by_corner
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.matched_array.measurement import ArrayMeasurement, largest, ratio_errors

__all__ = ["plots", "tables"]

Measurements: TypeAlias = Mapping[str, ArrayMeasurement]

_TICKS: Final = 16  # outputs that are named below a plot, about


def plots(measurements: Measurements) -> list[Plot]:
    """The plots of measurements by their names."""
    last, shown = list(measurements.items())[-1]
    return [
        Plot(
            title="Ratios",
            caption="Ratio error of each output to the reference, all drains at the V_GS of the reference; tt, 27 C.",
            panels=[[_ratios(measurements)]],
        ),
        Plot(
            title="Corners",
            caption="Largest ratio error of the outputs, and V_GS of the reference.",
            panels=[_corners(measurements)],
            legend="below",
        ),
        Plot(
            title="Outputs",
            caption=f"Current of a unit of each output over the output voltage, all gates at the V_GS of the reference "
            f"(dashed); tt, 27 C ({last}).",
            panels=[[_outputs(shown)]],
            wide=True,
        ),
    ]


def _ratios(measurements: Measurements) -> Panel:
    last = list(measurements)[-1]
    curves = [
        Curve(
            x=range(1, len(measurement.pins)),
            y=[np.nan if error is None else error for error in ratio_errors(measurement)],
            colour=name,
            label=name,
            style="dots" if name == last else "rings",
        )
        for name, measurement in measurements.items()
    ]
    pins = measurements[last].pins
    named = range(1, len(pins), max(1, len(pins) // _TICKS))
    return Panel(
        x=Axis(label="output", ticks={float(k): pins[k] for k in named}),
        y=Axis(label="ratio error, %"),
        curves=curves,
        guides=[Guide(at=0.0, axis="y")],
    )


def _corners(measurements: Measurements) -> list[Panel]:
    values: dict[str, dict[str, Mapping[str, float | None]]] = {
        "ratio error, %": {name: largest(measurement) for name, measurement in measurements.items()},
        "reference V_GS, V": {name: measurement.voltages for name, measurement in measurements.items()},
    }
    return corner_panels(values, next(iter(measurements.values())).conditions)


def _outputs(shown: ArrayMeasurement) -> Panel:
    rank = max(1, len(shown.outputs) - 1)
    return Panel(
        x=Axis(label="output voltage from the source, V"),
        y=Axis(label="current of a unit, uA", low=0.0),
        curves=[
            Curve(x=shown.outputs_at, y=1e6 * output / units, colour=k / rank, label=f"{pin}, {units:g} units")
            for k, (pin, units, output) in enumerate(zip(shown.pins[1:], shown.units[1:], shown.outputs, strict=True))
        ],
        guides=[Guide(at=shown.voltages[str(TYPICAL)], axis="x", style="dashed")],
    )


def tables(measurements: Measurements) -> list[Table]:
    """Units, current and ratio error of each output at tt, 27 C, and the largest ratio error at each corner."""
    name, shown = list(measurements.items())[-1]
    errors = [ratio_errors(measurement) for measurement in measurements.values()]
    rows: list[list[TableCell]] = []
    for k, (pin, units) in enumerate(zip(shown.pins, shown.units, strict=True)):
        current = 1e6 * float(shown.currents[str(TYPICAL)][k])
        rows.append([pin, int(units), current, *(0.0 if k == 0 else of[k - 1] for of in errors)])
    head = ["Output", "units", f"current, uA ({name})", *(f"ratio error, % ({key})" for key in measurements)]
    corners = by_corner(f"Ratio error, maximum over outputs, % ({name})", largest(shown), shown.conditions)
    return [Table(head, rows), corners]
