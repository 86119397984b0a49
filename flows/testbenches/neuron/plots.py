"""A neuron's measurements as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.reports.plots import AFTER, BEFORE, COLOURS, INK, Plot, corners, legend, plot
from mirrorneuron.flows.testbenches.neuron.bench import Corner, Measurement, StepTrace

__all__ = ["plots"]


def plots(found: Mapping[str, Measurement]) -> list[Plot]:
    """The figures of measurements by their names."""
    last = list(found)[-1]
    shown = found[last]
    return [
        plot(
            "Transfer",
            f"Output while one input rises and the others are at 0, and while all rise together ({last}).",
            lambda figure: _transfer(figure, shown),
        ),
        plot(
            "Sigmoid",
            f"Output against the ideal sum: random vectors, the reference transfer, and the logistic fitted to both "
            f"({last}).",
            lambda figure: _sigmoid(figure, shown),
        ),
        plot(
            "Error of the weighted sum",
            "Random vectors, referred to the sum through the neuron's own transfer, less the ideal sum.",
            lambda figure: _errors(figure, found),
        ),
        plot(
            "Corners",
            "Error of the weighted sum (RMS), largest output, and slope of the fitted logistic.",
            lambda figure: _corners(figure, found),
        ),
        plot(
            "Steps",
            "Up and back, from the step on; the band is 1 % of the output's full scale about the end of the last "
            "curve. Inputs that do not move are at a tenth of full scale.",
            lambda figure: _steps(figure, found),
            wide=True,
        ),
    ]


def _transfer(figure: Figure, shown: Measurement) -> None:
    axes = figure.subplots()
    colours = mpl.colormaps["turbo"](np.linspace(0.08, 0.92, max(2, len(shown.alone))))
    for (pin, curve), colour in zip(shown.alone.items(), colours, strict=False):
        axes.plot(1e6 * curve.x, 1e6 * curve.y, color=colour, label=pin)
    if len(shown.alone) > 1:
        axes.plot(1e6 * shown.together.x, 1e6 * shown.together.y, "--", color=INK, label="together")
    axes.set(xlabel="input current, uA", ylabel="output current, uA")
    legend(figure, axes, 9)


def _sigmoid(figure: Figure, shown: Measurement) -> None:
    axes = figure.subplots()
    vectors, reference = shown.vectors, shown.reference
    axes.plot(1e6 * vectors.sums, 1e6 * vectors.outputs, "o", color=AFTER, ms=3, mew=0, label="random vectors")
    axes.plot(1e6 * reference.x, 1e6 * reference.y, "+", color=BEFORE, ms=6, mew=1.2, label="reference transfer")
    if shown.fit is not None:
        x = np.linspace(reference.x.min(), reference.x.max(), 200)
        axes.plot(1e6 * x, 1e6 * shown.fit(x), color=INK, lw=1, alpha=0.8, label="logistic")
    axes.set(xlabel="ideal sum, uA", ylabel="output current, uA")
    axes.legend()


def _errors(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    last = list(found)[-1]
    axes.axhline(0, color=INK, lw=0.8)
    for name, one in found.items():
        error = 100 * (one.vectors.referred - one.vectors.sums) / one.full_scale
        # Both are to be seen where they coincide.
        kind = {"ms": 3.0, "mew": 0} if name == last else {"ms": 6.5, "mfc": "none"}
        axes.plot(1e6 * one.vectors.sums, error, "o", color=COLOURS[name], label=name, **kind)
    axes.set(xlabel="ideal sum, uA", ylabel="error, % of full scale")
    axes.legend()


def _corners(figure: Figure, found: Mapping[str, Measurement]) -> None:
    values: list[tuple[str, Callable[[Corner], float | None]]] = [
        ("error, % of full scale", lambda corner: corner.rms),
        ("largest output, uA", lambda corner: 1e6 * corner.output_max),
        ("slope, 1/uA", lambda corner: 1e-6 * corner.fit.slope if corner.fit else None),
    ]
    told = [
        (label, {name: {str(c.condition): value(c) for c in one.corners} for name, one in found.items()})
        for label, value in values
    ]
    corners(figure, told, next(iter(found.values())).conditions)


def _steps(figure: Figure, found: Mapping[str, Measurement]) -> None:
    count = len(next(iter(found.values())).steps)
    panels = np.atleast_2d(figure.subplots(2, count, squeeze=False))
    last = list(found)[-1]
    for name, one in found.items():
        for column, trace in enumerate(one.steps):
            for row, (start, end) in enumerate(((trace.up_s, trace.down_s), (trace.down_s, trace.end_s))):
                axes = panels[row, column]
                inside = (trace.time >= start - 5e-8) & (trace.time <= end)
                axes.plot(1e6 * (trace.time[inside] - start), 1e6 * trace.output[inside], color=COLOURS[name])
                axes.set_title(f"{'smallest' if trace.kind == 'small' else trace.kind}, {trace.inputs}", loc="left")
                if name == last:
                    _band(axes, trace, end, one.band)
                    axes.set_xlim(-0.05, 1e6 * min(end - start, _window(one.steps)))
    for axes in panels[1]:
        axes.set_xlabel("time, us")
    for axes in panels[:, 0]:
        axes.set_ylabel("output, uA")
    lines = [mpl.lines.Line2D([], [], color=COLOURS[name]) for name in found]
    figure.legend(lines, list(found), loc="outside lower center", ncols=2)


def _band(axes: Any, trace: StepTrace, end: float, half: float) -> None:
    final = float(np.interp(end, trace.time, trace.output))
    axes.axhspan(1e6 * (final - half), 1e6 * (final + half), color=INK, alpha=0.15, lw=0)


def _window(steps: Sequence[StepTrace]) -> float:
    """Time [s] that shows every step's settling."""
    longest = 0.3e-6
    for trace in steps:
        off = np.abs(trace.output - np.interp(trace.end_s, trace.time, trace.output))
        after = (trace.time > trace.down_s) & (off > 0.005 * max(float(np.ptp(trace.output)), 1e-15))
        if after.any():
            longest = max(longest, float(trace.time[after][-1]) - trace.down_s)
    return 1.4 * longest
