"""A neuron's measurements as SVG for a page that may be light or dark: what is not data has the page's own colour."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from mirrorneuron.flows.testbenches.neuron import CORNERS, TEMPERATURES, Measurement, StepTrace

__all__ = ["Plot", "plots"]

# Stands for the page's text colour until the SVG is written.
_INK: Final = "#7f7e01"
_BEFORE: Final = "#3b82c4"
_AFTER: Final = "#e0702a"
_COLOURS: Final = {"schematic": _BEFORE, "after layout": _AFTER}
_TEMPERATURE_COLOURS: Final = ("#3b82c4", "#4c9f50", "#d2483f")
_STYLE: Final[dict[str, Any]] = {
    "font.size": 9,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _INK,
    "grid.alpha": 0.18,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.color": _INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "svg.fonttype": "path",
}
_SIZE: Final = (6.2, 3.7)


@dataclass(frozen=True)
class Plot:
    """A figure for the page: its title, what it shows, and its SVG element."""

    title: str
    caption: str
    svg: str


def plots(found: Mapping[str, Measurement]) -> list[Plot]:
    """The figures of measurements by their names (``schematic``, ``after layout``); none without a measurement."""
    if not found:
        return []
    last = list(found)[-1]
    shown = found[last]
    return [
        _plot(
            "Transfer",
            f"Output while one input rises and the others are at 0, and while all rise together ({last}).",
            lambda figure: _transfer(figure, shown),
        ),
        _plot(
            "Sigmoid",
            f"Output against the ideal sum: random vectors, the reference transfer, and the logistic fitted to both "
            f"({last}).",
            lambda figure: _sigmoid(figure, shown),
        ),
        _plot(
            "Error of the weighted sum",
            "Random vectors, referred to the sum through the neuron's own transfer, less the ideal sum.",
            lambda figure: _errors(figure, found),
        ),
        _plot(
            "Corners",
            "Error of the weighted sum (RMS), largest output, and slope of the fitted logistic.",
            lambda figure: _corners(figure, found),
        ),
        _plot(
            "Steps",
            "Up and back, from the step on; the band is 1 % of the output's full scale about the end of the last "
            "curve. Inputs that do not move are at a tenth of full scale.",
            lambda figure: _steps(figure, found),
            (12.4, 4.6),
        ),
    ]


def _plot(title: str, caption: str, draw: Callable[[Figure], None], size: tuple[float, float] = _SIZE) -> Plot:
    # The salt makes identifiers differ between figures of one page, and not between runs.
    style: Any = {**_STYLE, "svg.hashsalt": "mirrorneuron"}  # the same identifiers each time
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    # Figures number their parts alike; on one page each needs identifiers of its own.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{title.split()[0].lower()}-", svg)
    return Plot(title, caption, svg.replace(_INK, "currentColor").strip())


def _transfer(figure: Figure, shown: Measurement) -> None:
    axes = figure.subplots()
    colours = mpl.colormaps["turbo"](np.linspace(0.08, 0.92, max(2, len(shown.alone))))
    for (pin, curve), colour in zip(shown.alone.items(), colours, strict=False):
        axes.plot(1e6 * curve.x, 1e6 * curve.y, color=colour, label=pin)
    if len(shown.alone) > 1:
        axes.plot(1e6 * shown.together.x, 1e6 * shown.together.y, "--", color=_INK, label="together")
    axes.set(xlabel="input current, uA", ylabel="output current, uA")
    _legend(figure, axes, 9)


def _sigmoid(figure: Figure, shown: Measurement) -> None:
    axes = figure.subplots()
    vectors, reference = shown.vectors, shown.reference
    axes.plot(1e6 * vectors.sums, 1e6 * vectors.outputs, "o", color=_AFTER, ms=3, mew=0, label="random vectors")
    axes.plot(1e6 * reference.x, 1e6 * reference.y, "+", color=_BEFORE, ms=6, mew=1.2, label="reference transfer")
    if shown.fit is not None:
        x = np.linspace(reference.x.min(), reference.x.max(), 200)
        axes.plot(1e6 * x, 1e6 * shown.fit(x), color=_INK, lw=1, alpha=0.8, label="logistic")
    axes.set(xlabel="ideal sum, uA", ylabel="output current, uA")
    axes.legend()


def _errors(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    last = list(found)[-1]
    axes.axhline(0, color=_INK, lw=0.8)
    for name, one in found.items():
        error = 100 * (one.vectors.referred - one.vectors.sums) / one.full_scale
        # Both are to be seen where they coincide.
        kind = {"ms": 3.0, "mew": 0} if name == last else {"ms": 6.5, "mfc": "none"}
        axes.plot(1e6 * one.vectors.sums, error, "o", color=_COLOURS[name], label=name, **kind)
    axes.set(xlabel="ideal sum, uA", ylabel="error, % of full scale")
    axes.legend()


def _corners(figure: Figure, found: Mapping[str, Measurement]) -> None:
    panels = figure.subplots(1, 3)
    last = list(found)[-1]
    values: list[tuple[str, Callable[[Any], float | None]]] = [
        ("error, % of full scale", lambda corner: corner.rms),
        ("largest output, uA", lambda corner: 1e6 * corner.output_max),
        ("slope, 1/uA", lambda corner: 1e-6 * corner.fit.slope if corner.fit else None),
    ]
    for axes, (label, value) in zip(panels, values, strict=True):
        for name, one in found.items():
            for offset, temperature, colour in zip((-0.2, 0.0, 0.2), TEMPERATURES, _TEMPERATURE_COLOURS, strict=True):
                at = [c for c in one.corners if c.condition.temperature_c == temperature]
                numbers = [math.nan if (number := value(corner)) is None else number for corner in at]
                x = [CORNERS.index(corner.condition.corner) + offset for corner in at]
                kind = {"mfc": colour} if name == last else {"mfc": "none"}
                axes.plot(x, numbers, "o", color=colour, ms=4.5, label=f"{temperature:g} C", **kind)
        axes.set_title(label, loc="left")
        axes.set_xticks(range(len(CORNERS)), CORNERS)
        axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="x")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles[-3:], labels[-3:], loc="outside lower center", ncols=3)


def _steps(figure: Figure, found: Mapping[str, Measurement]) -> None:
    count = len(next(iter(found.values())).steps)
    panels = np.atleast_2d(figure.subplots(2, count, squeeze=False))
    last = list(found)[-1]
    for name, one in found.items():
        for column, trace in enumerate(one.steps):
            for row, (start, end) in enumerate(((trace.up_s, trace.down_s), (trace.down_s, trace.end_s))):
                axes = panels[row, column]
                inside = (trace.time >= start - 5e-8) & (trace.time <= end)
                axes.plot(1e6 * (trace.time[inside] - start), 1e6 * trace.output[inside], color=_COLOURS[name])
                axes.set_title(f"{'smallest' if trace.kind == 'small' else trace.kind}, {trace.inputs}", loc="left")
                if name == last:
                    _band(axes, trace, end, one.band)
                    axes.set_xlim(-0.05, 1e6 * min(end - start, _window(one.steps)))
    for axes in panels[1]:
        axes.set_xlabel("time, us")
    for axes in panels[:, 0]:
        axes.set_ylabel("output, uA")
    lines = [mpl.lines.Line2D([], [], color=_COLOURS[name]) for name in found]
    figure.legend(lines, list(found), loc="outside lower center", ncols=2)


def _band(axes: Any, trace: StepTrace, end: float, half: float) -> None:
    final = float(np.interp(end, trace.time, trace.output))
    axes.axhspan(1e6 * (final - half), 1e6 * (final + half), color=_INK, alpha=0.15, lw=0)


def _window(steps: Sequence[StepTrace]) -> float:
    """Time [s] that shows every step's settling."""
    longest = 0.3e-6
    for trace in steps:
        off = np.abs(trace.output - np.interp(trace.end_s, trace.time, trace.output))
        after = (trace.time > trace.down_s) & (off > 0.005 * max(float(np.ptp(trace.output)), 1e-15))
        if after.any():
            longest = max(longest, float(trace.time[after][-1]) - trace.down_s)
    return 1.4 * longest


def _legend(figure: Figure, axes: Any, most: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) <= most:
        axes.legend()
    else:
        figure.legend(handles, labels, loc="outside right center", ncols=1, fontsize=7)
