"""A characterization as one self-contained HTML page: corners, histograms of the samples, contributions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.characterize.limits import SpreadLimit
from mirrorneuron.flows.characterize.result import Characterization
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.plots import AFTER, BEFORE, INK, DrawnPlot, plot
from mirrorneuron.flows.testbench import Table
from mirrorneuron.flows.variation.samples import Samples

__all__ = ["render"]

_PANELS: Final = 12  # quantities in figures; the tables hold all
_ACROSS: Final = 4
_DEVICES: Final = 6
_TITLE_WIDTH: Final = 36  # characters
_PERCENT: Final = (1.0, 50.0, 99.0)


def render(result: Characterization) -> str:
    """The page's text."""
    steps = {"characterize": list(result.checks)}
    return page.render(
        "characterize.html.j2",
        name=result.name,
        passed=result.passed,
        judged=bool(result.mismatch.yields),
        failed=[check for check in result.checks if not check.passed],
        conditions=len(result.corners),
        condition=str(result.condition),
        samples=sum(map(len, result.samples)),
        netlist=result.netlist.name,
        drawn=_drawn(result.samples),
        ways=_ways(result),
        guard_band=result.guard_band,
        plots=_plots(result),
        statistics=_statistics(result),
        yields=_yields(result),
        contributions=_contributions(result),
        corners=_corners(result),
        steps=steps,
        versions=result.versions,
    )


def _drawn(samples: Sequence[Samples]) -> str:
    """What varies from sample to sample, and how it was drawn."""
    if not samples:
        return ""
    first = samples[0].variation
    varied = " and ".join(word for word, on in (("mismatch", first.mismatch), ("process", first.process)) if on)
    seeds = ", ".join(str(part.variation.seed) for part in samples)
    return f"Variation: {varied}, drawn by {first.method}, seed {seeds}."


def _ways(result: Characterization) -> str:
    """How the operating points were found, and how many by each way."""
    return ", ".join(f"{way} {count}" for way, count in result.ways.items())


def _unit(result: Characterization, key: str) -> str:
    quantity = result.quantities[key]
    return f"{quantity.text}, {quantity.unit}" if quantity.unit else quantity.text


def _corners(result: Characterization) -> Table:
    head = ["Condition", *(_unit(result, key) for key in result.quantities)]
    return Table(head, [[at, *(numbers[key] for key in result.quantities)] for at, numbers in result.corners.items()])


def _statistics(result: Characterization) -> Table | None:
    if not result.summaries:
        return None
    head = [
        "Quantity",
        "mean",
        "sigma",
        "from",
        "to",
        *(f"{percent:g} %" for percent in _PERCENT),
        "least",
        "largest",
        "guarded",
    ]
    rows: list[list[str | float | None]] = []
    for key, summary in result.summaries.items():
        interval = summary.sigma_interval_any
        percentiles = np.percentile(result.drawn[key], _PERCENT)
        ends = [end if math.isfinite(end) else None for end in (interval.low, interval.high)]
        values = [summary.mean, summary.sigma, *ends, *map(float, percentiles), summary.minimum, summary.maximum]
        rows.append([_unit(result, key), *values, summary.sigma * result.guard_band])
    return Table(head, rows)


def _yields(result: Characterization) -> Table | None:
    if not result.study.limits:
        return None
    head = ["Quantity", "limits", "wanted", "passed", "of", "from", "to"]
    rows: list[list[str | float | None]] = []
    for limit in result.study.limits:
        part = result.mismatch.yields[limit.value]
        between = " to ".join("" if value is None else f"{value:g}" for value in (limit.minimum, limit.maximum))
        interval = part.interval
        rows.append(
            [_unit(result, limit.value), between, limit.fraction, part.passed, part.count, interval.low, interval.high]
        )
    return Table(head, rows)


def _contributions(result: Characterization) -> Table | None:
    if not result.contributions:
        return None
    rows: list[list[str | float | None]] = []
    for key, contributions in result.contributions.items():
        parts = [part for part in contributions.parts if part.share > 2 * part.error][:_DEVICES]
        for k, part in enumerate([*parts, contributions.unexplained]):
            name = part.name if part is not contributions.unexplained else "not explained linearly"
            quantity = result.quantities[key].text if k == 0 else ""
            rows.append([quantity, name, round(100 * part.share, 1), round(100 * part.error, 1)])
    return Table(["Quantity", "Device", "share, %", "standard error, %"], rows)


def _plots(result: Characterization) -> list[DrawnPlot]:
    keys = list(result.quantities)[:_PANELS]
    made: list[DrawnPlot] = []
    if result.drawn:
        caption = "Samples, and the normal distribution of their mean and sigma. Dashed: limits."
        made.append(plot("Histograms", caption, lambda figure: _histograms(figure, result, keys), wide=True))
    if len(result.corners) > 1:
        caption = "Without variation. Colour: temperature, from cold (blue) to hot (red)."
        made.append(plot("Corners", caption, lambda figure: _at_corners(figure, result, keys), wide=True))
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


def _title(result: Characterization, key: str) -> str:
    return textwrap.fill(result.quantities[key].text, _TITLE_WIDTH)


def _histograms(figure: Figure, result: Characterization, keys: Sequence[str]) -> None:
    limits: dict[str, SpreadLimit] = {limit.value: limit for limit in result.study.limits}
    for axes, key in zip(_panels(figure, keys), keys, strict=True):
        values, summary = result.drawn[key], result.summaries[key]
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
        axes.set_title(_title(result, key), loc="left", fontsize=8)
        axes.set_xlabel(result.quantities[key].unit)


def _at_corners(figure: Figure, result: Characterization, keys: Sequence[str]) -> None:
    corners = list(dict.fromkeys(condition.corner for condition in result.study.conditions))
    temperatures = sorted({condition.temperature_c for condition in result.study.conditions})
    colours = mpl.colormaps["turbo"](np.linspace(0.12, 0.88, max(2, len(temperatures))))
    for axes, key in zip(_panels(figure, keys), keys, strict=True):
        for temperature, colour in zip(temperatures, colours, strict=False):
            at = [condition for condition in result.study.conditions if condition.temperature_c == temperature]
            x = [corners.index(condition.corner) for condition in at]
            axes.plot(x, [result.corners[str(condition)][key] for condition in at], "o", color=colour, ms=4)
        axes.set_xticks(range(len(corners)), corners)
        axes.set_title(_title(result, key), loc="left", fontsize=8)
        axes.set_ylabel(result.quantities[key].unit)
        # Differences by rounding are no spread.
        low, high = axes.get_ylim()
        if high - low < 1e-6 * max(1.0, abs(low), abs(high)):
            axes.set_ylim(low - 0.5, high + 0.5)
