"""The comparison of mirrors as one self-contained HTML page."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.compare.result import KEYS, Comparison
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.plots import INK, legend, plot
from mirrorneuron.flows.testbench import Table
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES

__all__ = ["render"]

_REACH: Final = 10.0  # of the ratio error's axis, +- [%]
_LINES: Final = ("-", "--", "-.", ":")


def render(comparison: Comparison) -> str:
    """The page's text."""
    first = comparison.mirrors[0]
    return page.render(
        "compare.html.j2",
        name="Mirrors",
        passed=comparison.passed,
        count=len(comparison.mirrors),
        current=f"{1e6 * first.spec.current:g}",
        where=comparison.where,
        failed=[check for check in comparison.checks if not check.passed],
        table=_table(comparison),
        meaning=[(short, QUANTITIES[key].text) for key, short in KEYS.items()],
        plots=[
            plot(
                "Error",
                "Ratio error of the first output over the output voltage; linear within 0.1 %, logarithmic beyond.",
                lambda figure: _errors(figure, comparison),
                wide=True,
            ),
            plot(
                "Resistance",
                "Output resistance of a unit over the same voltage, from differences of the current.",
                lambda figure: _resistances(figure, comparison),
                wide=True,
            ),
        ],
        models=first.measurement.models,
        ngspice=first.measurement.ngspice,
    )


def _table(comparison: Comparison) -> Table:
    head = ["Mirror", *(f"{short}, {QUANTITIES[key].unit}" for key, short in KEYS.items())]
    rows: list[list[str | float | None]] = [
        [
            mirror.spec.name.removeprefix("mirror_"),
            *(mirror.measurement.numbers.get(key) for key in KEYS),
            round(mirror.area_um2),
        ]
        for mirror in comparison.mirrors
    ]
    return Table([*head, "Area, um2"], rows)


def _colours(comparison: Comparison) -> list[tuple[tuple[float, ...], str]]:
    colours = mpl.colormaps["turbo"](np.linspace(0.05, 0.95, max(2, len(comparison.mirrors))))
    return [(tuple(colour), _LINES[k % len(_LINES)]) for k, colour in enumerate(colours)]


def _errors(figure: Figure, comparison: Comparison) -> None:
    axes = figure.subplots()
    axes.axhline(0, color=INK, lw=0.8)
    for mirror, (colour, style) in zip(comparison.mirrors, _colours(comparison), strict=False):
        corner = mirror.measurement.typical
        axes.plot(corner.volts, 100 * (corner.ratios[0] - 1), style, color=colour, label=mirror.spec.name)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-_REACH, _REACH)
    axes.set_yticks([-10, -1, -0.1, 0, 0.1, 1, 10], ["-10", "-1", "-0.1", "0", "0.1", "1", "10"])
    axes.set(xlabel="output voltage, V", ylabel="ratio error, %")
    legend(figure, axes, 4)


def _resistances(figure: Figure, comparison: Comparison) -> None:
    axes = figure.subplots()
    for mirror, (colour, style) in zip(comparison.mirrors, _colours(comparison), strict=False):
        resistance = mirror.measurement.resistances()
        volts = mirror.measurement.typical.volts
        apart = len(volts) - len(resistance)
        centres = (volts[apart:] + volts[:-apart]) / 2
        # Where the current falls as the voltage rises, a logarithmic scale has no place for the resistance.
        axes.plot(centres, np.where(resistance > 0, resistance, np.nan), style, color=colour, label=mirror.spec.name)
    axes.set_yscale("log")
    axes.set(xlabel="output voltage, V", ylabel="output resistance, ohm")
    legend(figure, axes, 4)
