"""The comparison of mirrors as one HTML page."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.compare import KEYS, Comparison
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.plots import INK, legend, plot
from mirrorneuron.flows.testbench import Table
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES

__all__ = ["render"]

_REACH: Final = 10.0  # of the ratio error's axis [%]
_LINES: Final = ("-", "--", "-.", ":")


def render(found: Comparison) -> str:
    """The page's text."""
    first = found.entries[0]
    return page.render(
        "compare.html.j2",
        name="Mirrors",
        passed=found.passed,
        count=len(found.entries),
        current=f"{1e6 * first.spec.current:g}",
        where=found.where,
        failed=[check for check in found.checks if not check.passed],
        table=_table(found),
        meaning=[(short, QUANTITIES[key].text) for key, short in KEYS.items()],
        plots=[
            plot(
                "Error",
                "Ratio error of the first output over its voltage; linear within 0.1 %, logarithmic beyond.",
                lambda figure: _errors(figure, found),
                wide=True,
            ),
            plot(
                "Resistance",
                "Output resistance of a unit over the same voltage, by differences of the current.",
                lambda figure: _resistances(figure, found),
                wide=True,
            ),
        ],
        models=first.found.models,
        ngspice=first.found.ngspice,
    )


def _table(found: Comparison) -> Table:
    head = ["Mirror", *(f"{short}, {QUANTITIES[key].unit}" for key, short in KEYS.items())]
    rows: list[list[str | float | None]] = [
        [one.spec.name.removeprefix("mirror_"), *(one.found.numbers.get(key) for key in KEYS), round(one.area_um2)]
        for one in found.entries
    ]
    return Table([*head, "Area, um2"], rows)


def _colours(found: Comparison) -> list[tuple[tuple[float, ...], str]]:
    colours = mpl.colormaps["turbo"](np.linspace(0.05, 0.95, max(2, len(found.entries))))
    return [(tuple(colour), _LINES[k % len(_LINES)]) for k, colour in enumerate(colours)]


def _errors(figure: Figure, found: Comparison) -> None:
    axes = figure.subplots()
    axes.axhline(0, color=INK, lw=0.8)
    for one, (colour, style) in zip(found.entries, _colours(found), strict=False):
        corner = one.found.typical
        axes.plot(corner.volts, 100 * (corner.ratios[0] - 1), style, color=colour, label=one.spec.name)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-_REACH, _REACH)
    axes.set_yticks([-10, -1, -0.1, 0, 0.1, 1, 10], ["-10", "-1", "-0.1", "0", "0.1", "1", "10"])
    axes.set(xlabel="output voltage, V", ylabel="ratio error, %")
    legend(figure, axes, 4)


def _resistances(figure: Figure, found: Comparison) -> None:
    axes = figure.subplots()
    for one, (colour, style) in zip(found.entries, _colours(found), strict=False):
        resistance = one.found.resistances()
        volts = one.found.typical.volts
        apart = len(volts) - len(resistance)
        centres = (volts[apart:] + volts[:-apart]) / 2
        # Where the current falls with the voltage there is no resistance to show on this scale.
        axes.plot(centres, np.where(resistance > 0, resistance, np.nan), style, color=colour, label=one.spec.name)
    axes.set_yscale("log")
    axes.set(xlabel="output voltage, V", ylabel="output resistance, ohm")
    legend(figure, axes, 4)
