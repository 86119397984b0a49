"""Plots as data: what is drawn, not how. `mirrorneuron.flows.reports.plots` draws them.

::

    Plot --- panels, in rows --- Panel --- x, y: Axis
                                    |----- curves: Curve      points (x, y) in a colour and a style
                                    |----- guides: Guide      a straight line at one value of x or y
                                    '----- bands: Band        a strip between two values of y
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from mirrorneuron.flows.simulate import Condition
from numpy.typing import ArrayLike

__all__ = [
    "TEMPERATURES",
    "TEXT",
    "Axis",
    "Band",
    "Colour",
    "Curve",
    "Guide",
    "Panel",
    "Plot",
    "Style",
    "corner_panels",
]

TEXT: Final = "text"
"""The colour of the page's text."""
TEMPERATURES: Final = ("cold", "room", "hot")
"""The colours of temperatures, from the lowest."""

Colour: TypeAlias = str | float
"""`TEXT`, one of `TEMPERATURES`, the name of a measurement (schematic, after layout), or a place on the rainbow scale
from 0 to 1, for curves of equal rank."""
Style: TypeAlias = Literal["line", "thin", "dashed", "dots", "rings", "crosses", "filled", "open"]
"""``dots`` lie within ``rings``, so that both are seen where they coincide; so do ``filled`` and ``open`` markers."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Points ``(x, y)`` in the units of the panel's axes; a curve without a label is not in the legend."""

    x: ArrayLike
    y: ArrayLike
    colour: Colour
    label: str = ""
    style: Style = "line"


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A straight line across a panel at a value `at` of the axis ``x`` or ``y``."""

    at: float
    axis: Literal["x", "y"]
    colour: Colour = TEXT
    style: Literal["solid", "dashed", "dotted"] = "solid"


@dataclass(frozen=True)
class Band:
    """A strip across a panel from `low` to `high`, in the unit of y."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis: its label with the unit, its scale and its ends (None: where the data end), and ticks by their value."""

    label: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: Mapping[float, str] = field(default_factory=dict)
    grid: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """One pair of axes with what is drawn in it."""

    x: Axis
    y: Axis
    curves: Sequence[Curve]
    guides: Sequence[Guide] = ()
    bands: Sequence[Band] = ()
    title: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Plot:
    """A figure of a page.

    Attributes
    ----------
    title, caption
        The heading, and a sentence on what is shown. Titles on one page begin with different words.
    panels
        Rows of panels.
    wide
        Whether the figure takes the whole width of the page.
    legend
        Where the legend of the first panel stands: ``inside`` it (``beside`` the panels from `entries` on, more do not
        fit), or ``below`` them.
    """

    title: str
    caption: str
    panels: Sequence[Sequence[Panel]]
    wide: bool = False
    legend: Literal["inside", "below"] = "inside"
    entries: int = 9


def corner_panels(
    values: Mapping[str, Mapping[str, Mapping[str, float | None]]], conditions: Sequence[Condition]
) -> list[Panel]:
    """A panel for each of `values`: corners along x, a colour for each temperature.

    Parameters
    ----------
    values
        By the label of the panel, then by the name of the measurement, then by the text of the condition. The markers
        of the last measurement are filled; None leaves a marker out.
    """
    corners = list(dict.fromkeys(condition.corner for condition in conditions))
    temperatures = sorted({condition.temperature_c for condition in conditions})
    offsets = [0.4 * k / max(1, len(temperatures) - 1) - 0.2 for k in range(len(temperatures))]
    panels: list[Panel] = []
    for title, by_measurement in values.items():
        last = list(by_measurement)[-1]
        curves: list[Curve] = []
        for name, numbers in by_measurement.items():
            for k, (temperature, offset) in enumerate(zip(temperatures, offsets, strict=True)):
                there = [condition for condition in conditions if condition.temperature_c == temperature]
                heights = [numbers[str(condition)] for condition in there]
                curves.append(
                    Curve(
                        x=[corners.index(condition.corner) + offset for condition in there],
                        y=[math.nan if height is None else height for height in heights],
                        colour=TEMPERATURES[k % len(TEMPERATURES)],
                        label=f"{temperature:g} C",
                        style="filled" if name == last else "open",
                    )
                )
        ticks = {float(k): corner for k, corner in enumerate(corners)}
        panels.append(Panel(title=title, x=Axis(ticks=ticks, grid=False), y=Axis(low=0.0), curves=curves))
    return panels
