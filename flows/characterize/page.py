"""A characterization as one HTML page: corners, histograms of the samples, and what the spread comes from."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.plots import AFTER, BEFORE, INK, DrawnPlot, plot
from mirrorneuron.flows.testbench import Table

if TYPE_CHECKING:
    from mirrorneuron.flows.characterize import Characterization, SpreadLimit
    from mirrorneuron.flows.variation.samples import Samples

__all__ = ["render"]

_PANELS: Final = 12  # quantities that are drawn; the tables have all
_ACROSS: Final = 4
_DEVICES: Final = 6
_TITLE_WIDTH: Final = 36  # characters
_PERCENT: Final = (1.0, 50.0, 99.0)


def render(found: Characterization) -> str:
    """The page's text."""
    steps = {"characterize": list(found.checks)}
    return page.render(
        "characterize.html.j2",
        name=found.name,
        passed=found.passed,
        judged=bool(found.yields),
        failed=[check for check in found.checks if not check.passed],
        conditions=len(found.corners),
        condition=str(found.condition),
        samples=sum(map(len, found.samples)),
        netlist=found.netlist.name,
        drawn=_drawn(found.samples),
        ways=_ways(found),
        guard_band=found.guard_band,
        plots=_plots(found),
        statistics=_statistics(found),
        yields=_yields(found),
        contributions=_contributions(found),
        corners=_corners(found),
        steps=steps,
        versions=found.versions,
    )


def _drawn(samples: Sequence[Samples]) -> str:
    """What varied, and how it was drawn."""
    if not samples:
        return ""
    first = samples[0].variation
    varied = " and ".join(word for word, on in (("mismatch", first.mismatch), ("process", first.process)) if on)
    seeds = ", ".join(str(one.variation.seed) for one in samples)
    return f"Varied: {varied}, drawn by {first.method}, seed {seeds}."


def _ways(found: Characterization) -> str:
    """How the operating points were reached, and how often."""
    return ", ".join(f"{way} {count}" for way, count in found.ways.items())


def _unit(found: Characterization, key: str) -> str:
    quantity = found.quantities[key]
    return f"{quantity.text}, {quantity.unit}" if quantity.unit else quantity.text


def _corners(found: Characterization) -> Table:
    head = ["Condition", *(_unit(found, key) for key in found.quantities)]
    return Table(head, [[at, *(numbers[key] for key in found.quantities)] for at, numbers in found.corners.items()])


def _statistics(found: Characterization) -> Table | None:
    if not found.summaries:
        return None
    head = [
        "Quantity",
        "mean",
        "sigma",
        "from",
        "to",
        *(f"{one:g} %" for one in _PERCENT),
        "least",
        "largest",
        "guarded",
    ]
    rows: list[list[str | float | None]] = []
    for key, one in found.summaries.items():
        interval = one.sigma_interval_any
        percentiles = np.percentile(found.drawn[key], _PERCENT)
        ends = [end if math.isfinite(end) else None for end in (interval.low, interval.high)]
        values = [one.mean, one.sigma, *ends, *map(float, percentiles), one.minimum, one.maximum]
        rows.append([_unit(found, key), *values, one.sigma * found.guard_band])
    return Table(head, rows)


def _yields(found: Characterization) -> Table | None:
    if not found.limits:
        return None
    head = ["Quantity", "limits", "wanted", "passed", "of", "from", "to"]
    rows: list[list[str | float | None]] = []
    for limit in found.limits:
        one = found.yields[limit.value]
        between = " to ".join("" if value is None else f"{value:g}" for value in (limit.minimum, limit.maximum))
        interval = one.interval
        rows.append(
            [_unit(found, limit.value), between, limit.fraction, one.passed, one.count, interval.low, interval.high]
        )
    return Table(head, rows)


def _contributions(found: Characterization) -> Table | None:
    if not found.contributions:
        return None
    rows: list[list[str | float | None]] = []
    for key, one in found.contributions.items():
        parts = [part for part in one.parts if part.share > 2 * part.error][:_DEVICES]
        for k, part in enumerate([*parts, one.unexplained]):
            name = part.name if part is not one.unexplained else "not explained linearly"
            what = found.quantities[key].text if k == 0 else ""
            rows.append([what, name, round(100 * part.share, 1), round(100 * part.error, 1)])
    return Table(["Quantity", "Device", "share, %", "standard error, %"], rows)


def _plots(found: Characterization) -> list[DrawnPlot]:
    keys = list(found.quantities)[:_PANELS]
    made: list[DrawnPlot] = []
    if found.drawn:
        caption = "Samples, and the normal distribution of their mean and sigma. Dashed: limits."
        made.append(plot("Histograms", caption, lambda figure: _histograms(figure, found, keys), wide=True))
    if len(found.corners) > 1:
        caption = "Without variation. Colour: temperature, from cold (blue) to hot (red)."
        made.append(plot("Corners", caption, lambda figure: _at_corners(figure, found, keys), wide=True))
    return made


def _panels(figure: Figure, keys: Sequence[str]) -> list[Any]:
    across = min(_ACROSS, len(keys))
    rows = math.ceil(len(keys) / across)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, max(height / 2, 2.3 * rows))
    axes = figure.subplots(rows, across, squeeze=False).ravel()
    for unused in axes[len(keys) :]:
        unused.set_visible(False)
    return list(axes[: len(keys)])


def _title(found: Characterization, key: str) -> str:
    return textwrap.fill(found.quantities[key].text, _TITLE_WIDTH)


def _histograms(figure: Figure, found: Characterization, keys: Sequence[str]) -> None:
    limits: dict[str, SpreadLimit] = {limit.value: limit for limit in found.limits}
    for axes, key in zip(_panels(figure, keys), keys, strict=True):
        values, summary = found.drawn[key], found.summaries[key]
        _, edges, _ = axes.hist(values, bins="auto" if np.ptp(values) else 1, color=BEFORE, alpha=0.7)
        if summary.sigma > 0:
            x = np.linspace(edges[0], edges[-1], 101)
            z = (x - summary.mean) / summary.sigma
            scale = summary.count * (edges[1] - edges[0]) / (summary.sigma * math.sqrt(2 * math.pi))
            axes.plot(x, scale * np.exp(-(z**2) / 2), color=AFTER, lw=1.2)
        if key in limits:
            for value in (limits[key].minimum, limits[key].maximum):
                if value is not None:
                    axes.axvline(value, color=INK, ls="--", lw=0.9)
        axes.set_title(_title(found, key), loc="left", fontsize=8)
        axes.set_xlabel(found.quantities[key].unit)


def _at_corners(figure: Figure, found: Characterization, keys: Sequence[str]) -> None:
    corners = list(dict.fromkeys(one.corner for one in found.conditions))
    temperatures = sorted({one.temperature_c for one in found.conditions})
    colours = mpl.colormaps["turbo"](np.linspace(0.12, 0.88, max(2, len(temperatures))))
    for axes, key in zip(_panels(figure, keys), keys, strict=True):
        for temperature, colour in zip(temperatures, colours, strict=False):
            at = [one for one in found.conditions if one.temperature_c == temperature]
            x = [corners.index(one.corner) for one in at]
            axes.plot(x, [found.corners[str(one)][key] for one in at], "o", color=colour, ms=4)
        axes.set_xticks(range(len(corners)), corners)
        axes.set_title(_title(found, key), loc="left", fontsize=8)
        axes.set_ylabel(found.quantities[key].unit)
        # The digits of the arithmetic are no spread.
        low, high = axes.get_ylim()
        if high - low < 1e-6 * max(1.0, abs(low), abs(high)):
            axes.set_ylim(low - 0.5, high + 0.5)
