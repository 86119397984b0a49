"""A matched array's measurements as figures."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.reports.plots import COLOURS, INK, Plot, corners, legend, plot
from mirrorneuron.flows.testbenches.matched_array.bench import Measurement, largest, ratio_errors

__all__ = ["plots"]


def plots(found: Mapping[str, Measurement]) -> list[Plot]:
    """The figures of measurements by their names."""
    last, shown = list(found.items())[-1]
    return [
        plot(
            "Ratios",
            "Error of each output's current over the reference's, all drains at the reference's voltage; tt, 27 C.",
            lambda figure: _ratios(figure, found),
        ),
        plot(
            "Corners",
            "Largest ratio error of the outputs, and the reference's gate-source voltage.",
            lambda figure: _corners(figure, found),
        ),
        plot(
            "Outputs",
            f"Current of a unit of each output over the output's voltage, all gates at the reference's voltage, which "
            f"the dashed line is; tt, 27 C ({last}).",
            lambda figure: _outputs(figure, shown),
            wide=True,
        ),
    ]


def _ratios(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    last = list(found)[-1]
    axes.axhline(0, color=INK, lw=0.8)
    for name, one in found.items():
        errors = [np.nan if error is None else error for error in ratio_errors(one)]
        # Both are to be seen where they coincide.
        kind = {"ms": 3.0, "mew": 0} if name == last else {"ms": 6.5, "mfc": "none"}
        axes.plot(range(1, len(one.pins)), errors, "o", color=COLOURS[name], label=name, **kind)
    pins = found[last].pins
    shown = range(1, len(pins), max(1, len(pins) // 16))
    axes.set_xticks(shown, [pins[k] for k in shown])
    axes.set(xlabel="output", ylabel="ratio error, %")
    axes.legend()


def _corners(figure: Figure, found: Mapping[str, Measurement]) -> None:
    values: list[tuple[str, Mapping[str, Mapping[str, float | None]]]] = [
        ("ratio error, %", {name: largest(one) for name, one in found.items()}),
        ("gate-source voltage, V", {name: one.voltages for name, one in found.items()}),
    ]
    corners(figure, values, next(iter(found.values())).conditions)


def _outputs(figure: Figure, shown: Measurement) -> None:
    axes = figure.subplots()
    colours = mpl.colormaps["turbo"](np.linspace(0.08, 0.92, max(2, len(shown.outputs))))
    for pin, units, output, colour in zip(shown.pins[1:], shown.units[1:], shown.outputs, colours, strict=False):
        axes.plot(shown.outputs_at, 1e6 * output / units, color=colour, label=f"{pin}, {units:g} units")
    axes.axvline(shown.voltages["tt 27C"], color=INK, ls="--", lw=0.8)
    axes.set(xlabel="output voltage from the source, V", ylabel="current of a unit, uA")
    axes.set_ylim(bottom=0)
    legend(figure, axes, 9)
