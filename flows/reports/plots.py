"""Figures as SVG for a page that may be light or dark: what is not data has the page's own colour."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC

__all__ = ["AFTER", "BEFORE", "COLOURS", "INK", "Plot", "corners", "legend", "plot"]

INK: Final = "#7f7e01"
"""Stands for the page's text colour until the SVG is written."""
BEFORE: Final = "#3b82c4"
AFTER: Final = "#e0702a"
COLOURS: Final = {SCHEMATIC: BEFORE, LAYOUT: AFTER}
"""Of what was measured before and after layout."""

_TEMPERATURE_COLOURS: Final = ("#3b82c4", "#4c9f50", "#d2483f")
_STYLE: Final[dict[str, Any]] = {
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
}
_SIZE: Final = (6.2, 3.7)


@dataclass(frozen=True)
class Plot:
    """A figure for the page: its title, what it shows, and its SVG element; a `wide` one has the page's whole width."""

    title: str
    caption: str
    svg: str
    wide: bool = False


def plot(title: str, caption: str, draw: Callable[[Figure], None], *, wide: bool = False) -> Plot:
    """What `draw` puts on a figure; titles of one page begin with different words."""
    # The salt makes identifiers differ between figures of one page, and not between runs.
    style: Any = {**_STYLE, "svg.hashsalt": "mirrorneuron"}  # the same identifiers each time
    with mpl.rc_context(style):
        figure = Figure(figsize=(2 * _SIZE[0], 1.25 * _SIZE[1]) if wide else _SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    # Figures number their parts alike; on one page each needs identifiers of its own.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{title.split()[0].lower()}-", svg)
    return Plot(title, caption, svg.replace(INK, "currentColor").strip(), wide)


def corners(
    figure: Figure,
    values: Sequence[tuple[str, Mapping[str, Mapping[str, float | None]]]],
    conditions: Sequence[Condition],
) -> None:
    """A panel for each of `values`: a label, and numbers by measurement and condition; the last one is filled."""
    names = list(dict.fromkeys(condition.corner for condition in conditions))
    temperatures = sorted({condition.temperature_c for condition in conditions})
    offsets = [0.4 * k / max(1, len(temperatures) - 1) - 0.2 for k in range(len(temperatures))]
    panels = figure.subplots(1, len(values), squeeze=False)[0]
    for axes, (label, found) in zip(panels, values, strict=True):
        last = list(found)[-1]
        for name, numbers in found.items():
            for k, (temperature, offset) in enumerate(zip(temperatures, offsets, strict=True)):
                colour = _TEMPERATURE_COLOURS[k % len(_TEMPERATURE_COLOURS)]
                at = [condition for condition in conditions if condition.temperature_c == temperature]
                y = [math.nan if (number := numbers[str(one)]) is None else number for one in at]
                kind = {"mfc": colour} if name == last else {"mfc": "none"}
                x = [names.index(condition.corner) + offset for condition in at]
                axes.plot(x, y, "o", color=colour, ms=4.5, label=f"{temperature:g} C", **kind)
        axes.set_title(label, loc="left")
        axes.set_xticks(range(len(names)), names)
        axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="x")
    handles, labels = panels[0].get_legend_handles_labels()
    shown = len(temperatures)
    figure.legend(handles[-shown:], labels[-shown:], loc="outside lower center", ncols=shown)


def legend(figure: Figure, axes: Any, most: int) -> None:
    """The legend of axes: within them, or beside them if it has more than `most` entries."""
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    if len(labels) <= most:
        axes.legend()
    else:
        figure.legend(handles, labels, loc="outside right center", ncols=1, fontsize=7)
