"""A mirror's measurements as figures."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from mirrorneuron.flows.reports.plots import COLOURS, INK, Plot, corners, legend, plot
from mirrorneuron.flows.testbenches.mirror.bench import Measurement
from mirrorneuron.flows.testbenches.mirror.plan import BEFORE_S, TYPICAL
from numpy.typing import NDArray

__all__ = ["plots"]


def plots(found: Mapping[str, Measurement]) -> list[Plot]:
    """The figures of measurements by their names."""
    return [
        plot(
            "Ratio",
            "Error of the worst output's current over its voltage from the rail; dashed and dotted: 1 % and 5 % less "
            "current than at half the supply.",
            lambda figure: _ratio(figure, found),
        ),
        plot("Impedance", "Output impedance of a unit over frequency.", lambda figure: _impedance(figure, found)),
        plot("Range", "Ratio over the input current, against what it should be.", lambda figure: _range(figure, found)),
        plot("Gain", "Output current over input current, small signals.", lambda figure: _gain(figure, found)),
        plot("Noise", "Density of the output current's noise.", lambda figure: _noise(figure, found)),
        plot(
            "Corners",
            "Ratio error's magnitude in the middle of the output range, compliance (1 %), input voltage.",
            lambda figure: _corners(figure, found),
        ),
        plot(
            "Steps",
            "Left: input from 10 % to 100 % and back. The others: 10 % steps at inputs from the smallest on, each over "
            "its own final height; tt, 27 C.",
            lambda figure: _steps(figure, found),
            wide=True,
        ),
    ]


def _ratio(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    axes.axhline(0, color=INK, lw=0.8)
    middles: list[float] = []
    for name, one in found.items():
        corner = one.typical
        errors = 100 * (corner.ratios - 1)
        worst = errors[np.abs(errors).argmax(axis=0), np.arange(errors.shape[1])]
        axes.plot(corner.volts, worst, color=COLOURS[name], label=name)
        for key, style in (("output_low", "--"), ("output_low_5", ":")):
            if key in one.numbers:
                axes.axvline(one.numbers[key], color=COLOURS[name], ls=style, lw=0.9)
        if "error_mid" in one.numbers:
            middles += [one.numbers["error_mid"], one.numbers["error_top"]]
    # What matters lies within some times the error; below the compliance it goes to -100 %.
    reach = max([1.0, *(2 * abs(value) for value in middles)])
    axes.set_ylim(-reach, reach)
    axes.set(xlabel="output voltage, V", ylabel="ratio error, %")
    axes.legend()


def _impedance(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    for name, one in found.items():
        axes.loglog(one.impedance_at, one.impedance, color=COLOURS[name], label=name)
    axes.set(xlabel="frequency, Hz", ylabel="output impedance, ohm")
    axes.legend()


def _range(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    axes.axhline(0, color=INK, lw=0.8)
    shown: list[float] = [1.0]
    for name, one in found.items():
        error = 100 * (one.transfer - 1)
        axes.semilogx(1e6 * one.inputs, error, color=COLOURS[name], label=name)
        near = np.abs(np.log10(one.inputs / one.current)) < 1
        shown += [2 * float(np.abs(error[near]).max())] if near.any() else []
    axes.axvline(1e6 * next(iter(found.values())).current, color=INK, ls="--", lw=0.8)
    axes.set_ylim(-max(shown), max(shown))
    axes.set(xlabel="input current, uA", ylabel="ratio error, %")
    axes.legend()


def _gain(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    for name, one in found.items():
        axes.semilogx(one.frequency, 20 * np.log10(np.maximum(one.gain, 1e-6)), color=COLOURS[name], label=name)
    axes.axhline(-3, color=INK, ls="--", lw=0.8)
    axes.set_ylim(bottom=-40)
    axes.set(xlabel="frequency, Hz", ylabel="gain over that at low frequency, dB")
    axes.legend()


def _noise(figure: Figure, found: Mapping[str, Measurement]) -> None:
    axes = figure.subplots()
    for name, one in found.items():
        axes.loglog(one.noise_at, 1e12 * one.noise, color=COLOURS[name], label=name)
    axes.set(xlabel="frequency, Hz", ylabel="pA/rtHz")
    axes.legend()


def _corners(figure: Figure, found: Mapping[str, Measurement]) -> None:
    values: list[tuple[str, dict[str, dict[str, float | None]]]] = [
        (
            "ratio error, %",
            {
                name: {str(c.condition): float(np.abs(c.errors(c.middle)).max()) for c in one.corners}
                for name, one in found.items()
            },
        ),
        (
            "compliance, V",
            {
                name: {str(c.condition): c.low if math.isfinite(c.low) else None for c in one.corners}
                for name, one in found.items()
            },
        ),
        (
            "input voltage, V",
            {name: {str(c.condition): c.input_voltage for c in one.corners} for name, one in found.items()},
        ),
    ]
    corners(figure, values, next(iter(found.values())).conditions)


def _steps(figure: Figure, found: Mapping[str, Measurement]) -> None:
    first = next(iter(found.values()))
    inputs = [one.input for one in first.steps if one.condition == TYPICAL]
    panels = figure.subplots(1, 1 + len(inputs))
    shown: dict[float, float] = {}
    for name, one in found.items():
        time, output = one.full
        panels[0].plot(1e6 * (time - BEFORE_S), 1e6 * output, color=COLOURS[name], label=name)
        for axes, current in zip(panels[1:], inputs, strict=True):
            for step in one.steps:
                if step.condition == TYPICAL and step.input == current:
                    end = (step.time[-1] + BEFORE_S) / 2
                    initial, final = (float(v) for v in np.interp([0.0, end], step.time, step.output))
                    part = (step.output - initial) / (final - initial or 1.0)
                    axes.plot(1e6 * (step.time - BEFORE_S), 100 * part, color=COLOURS[name])
                    shown[current] = max(shown.get(current, 0.0), _settled(step.time, part, end))
            axes.set_title(f"at {1e9 * current:.4g} nA", loc="left")
    for axes, current in zip(panels[1:], inputs, strict=True):
        axes.set_xlim(-0.02e6 * shown[current], 1e6 * shown[current])
    panels[0].set_title("full", loc="left")
    panels[0].set_ylabel("output, uA")
    for axes in panels:
        axes.set_xlabel("us")
    panels[1].set_ylabel("% of the step")
    legend(figure, panels[0], 3)


def _settled(time: NDArray[np.float64], part: NDArray[np.float64], end: float) -> float:
    """How much of a step up to `end` [s] to show: somewhat more than it takes to settle to half a percent."""
    off = np.flatnonzero((time < end) & (np.abs(part - 1) > 0.005))
    return max(1.6 * (float(time[off[-1]]) - BEFORE_S) if len(off) else 0.0, (end - BEFORE_S) / 200)
