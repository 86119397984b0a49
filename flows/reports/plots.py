"""Draws plots as SVG for a page that may be light or dark: what is not data takes the colour of the page's text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from mirrorneuron.flows.results.measurement import LAYOUT, SCHEMATIC
from mirrorneuron.flows.results.plots import TEMPERATURES, TEXT, Axis, Colour, Panel, Plot, Style

__all__ = ["AFTER", "BEFORE", "INK", "DrawnPlot", "draw", "legend", "plot"]

INK: Final = "#7f7e01"
"""Stands for the colour of the page's text until the SVG is written."""
BEFORE: Final = "#3b82c4"
AFTER: Final = "#e0702a"

_COLOURS: Final = {
    TEXT: INK,
    SCHEMATIC: BEFORE,
    LAYOUT: AFTER,
    **dict(zip(TEMPERATURES, ("#3b82c4", "#4c9f50", "#d2483f"), strict=True)),
}
_SCALE: Final = (0.08, 0.92)  # part of the rainbow scale that is used: its ends are too dark
_STYLES: Final[dict[Style, dict[str, Any]]] = {
    "line": {},
    "thin": {"lw": 1, "alpha": 0.8},
    "dashed": {"ls": "--"},
    "dots": {"ls": "", "marker": "o", "ms": 3.0, "mew": 0},
    "rings": {"ls": "", "marker": "o", "ms": 6.5, "mfc": "none"},
    "crosses": {"ls": "", "marker": "+", "ms": 6, "mew": 1.2},
    "filled": {"ls": "", "marker": "o", "ms": 4.5},
    "open": {"ls": "", "marker": "o", "ms": 4.5, "mfc": "none"},
}
_GUIDES: Final = {"solid": "-", "dashed": "--", "dotted": ":"}
_SIZE: Final = (6.2, 3.7)  # inch
_WIDE: Final = (2 * 6.2, 1.25 * 3.7)
_PAGE: Final[Any] = {
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.18,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "mirrorneuron",  # the same identifiers in every run
}


@dataclass(frozen=True)
class DrawnPlot:
    """A figure of the page: title, caption and the SVG element; a `wide` figure takes the whole width of the page."""

    title: str
    caption: str
    svg: str
    wide: bool = False


def draw(data: Plot) -> DrawnPlot:
    """Draw a plot that is given as data."""

    def fill(figure: Figure) -> None:
        rows, columns = len(data.panels), max(map(len, data.panels))
        grid = figure.subplots(rows, columns, squeeze=False)
        for row, panels in zip(grid, data.panels, strict=True):
            for axes, panel in zip(row, panels, strict=True):
                _draw_panel(axes, panel)
        if data.legend == "below":
            _legend_below(figure, grid[0, 0])
        else:
            legend(figure, grid[0, 0], data.entries)

    return plot(data.title, data.caption, fill, wide=data.wide)


def plot(title: str, caption: str, fill: Callable[[Figure], None], *, wide: bool = False) -> DrawnPlot:
    """Draw what `fill` puts on a matplotlib figure; titles on one page begin with different words."""
    with mpl.rc_context(_PAGE):
        figure = Figure(figsize=_WIDE if wide else _SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    # matplotlib numbers the parts of every figure alike; on one page each figure needs identifiers of its own.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{title.split()[0].lower()}-", svg)
    return DrawnPlot(title, caption, svg.replace(INK, "currentColor").strip(), wide)


def legend(figure: Figure, axes: Any, most: int) -> None:
    """Place the legend of axes: within them, or beside them if it has more than `most` entries."""
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    if len(labels) <= most:
        axes.legend()
    else:
        figure.legend(handles, labels, loc="outside right center", ncols=1, fontsize=7)


def _legend_below(figure: Figure, axes: Any) -> None:
    """One legend for all panels; of curves that share a label the last one stands in it."""
    by_label = {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(by_label.values()), list(by_label), loc="outside lower center", ncols=len(by_label))


def _draw_panel(axes: Any, panel: Panel) -> None:
    for guide in panel.guides:
        across = axes.axvline if guide.axis == "x" else axes.axhline
        across(guide.at, color=_colour(guide.colour), ls=_GUIDES[guide.style], lw=0.8)
    for band in panel.bands:
        axes.axhspan(band.low, band.high, color=INK, alpha=0.15, lw=0)
    for curve in panel.curves:
        label = curve.label or None
        axes.plot(curve.x, curve.y, color=_colour(curve.colour), label=label, **_STYLES[curve.style])
    if panel.title:
        axes.set_title(panel.title, loc="left")
    _set_axis(axes, "x", panel.x)
    _set_axis(axes, "y", panel.y)


def _set_axis(axes: Any, name: str, axis: Axis) -> None:
    def call(setter: str, *values: Any) -> None:
        getattr(axes, f"set_{name}{setter}")(*values)

    call("label", axis.label)
    if axis.log:
        call("scale", "log")
    if axis.low is not None or axis.high is not None:
        call("lim", axis.low, axis.high)
    if axis.ticks:
        call("ticks", list(axis.ticks), list(axis.ticks.values()))
    if not axis.grid:
        axes.grid(visible=False, axis=name)


def _colour(colour: Colour) -> Any:
    if isinstance(colour, str):
        return _COLOURS[colour]
    low, high = _SCALE
    return mpl.colormaps["turbo"](float(np.interp(colour, (0, 1), (low, high))))
