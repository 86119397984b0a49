"""Plots are data: benches make them without matplotlib, and reports draw all that they hold."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from mirrorneuron.flows.reports.plots import INK, DrawnPlot, draw
from mirrorneuron.flows.results.measurement import LAYOUT, SCHEMATIC
from mirrorneuron.flows.results.plots import TEXT, Axis, Band, Curve, Guide, Panel, Plot, corner_panels
from mirrorneuron.flows.simulate import conditions

X = np.linspace(1.0, 2.0, 5)


def _panel(**changes: object) -> Panel:
    styles = ("line", "thin", "dashed", "dots", "rings", "crosses", "filled", "open")
    colours = (TEXT, SCHEMATIC, LAYOUT, "cold", "room", "hot", 0.0, 1.0)
    curves = [
        Curve(x=X, y=k * X, colour=colour, label=style, style=style)
        for k, (style, colour) in enumerate(zip(styles, colours, strict=True))
    ]
    guides = [Guide(at=1.5, axis="x", style="dashed"), Guide(at=0.0, axis="y"), Guide(at=2, axis="y", style="dotted")]
    parts = {"x": Axis(label="x", log=True, low=0.9, high=2.1), "y": Axis(label="y"), "curves": curves}
    return Panel(**{**parts, "guides": guides, "bands": [Band(1.0, 2.0)], **changes})  # type: ignore[arg-type]


def _drawn(**changes: object) -> DrawnPlot:
    parts = {"title": "Some title", "caption": "What it shows.", "panels": [[_panel()]]}
    return draw(Plot(**{**parts, **changes}))  # type: ignore[arg-type]


def test_a_plot_is_drawn_alike_each_time_and_takes_the_colour_of_the_text() -> None:
    first = _drawn()
    assert first == _drawn()
    assert (first.title, first.caption, first.wide) == ("Some title", "What it shows.", False)
    assert first.svg.startswith("<svg") and "currentColor" in first.svg and INK not in first.svg
    assert 'id="some-' in first.svg


def test_each_part_of_a_panel_is_drawn() -> None:
    whole = len(_drawn().svg)
    for left_out in ({"guides": ()}, {"bands": ()}, {"curves": _panel().curves[:-1]}):
        assert len(_drawn(panels=[[_panel(**left_out)]]).svg) < whole
    assert len(_drawn(panels=[[_panel(title="a title")]]).svg) > whole
    assert _drawn(panels=[[_panel(x=Axis())]]).svg != _drawn().svg
    four = _drawn(panels=[[_panel(), _panel()], [_panel(), _panel()]]).svg
    assert [four.count(f'id="some-axes_{k}"') for k in range(1, 6)] == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("changes", [{"entries": 3}, {"legend": "below"}, {"wide": True}])
def test_legend_and_width(changes: dict[str, object]) -> None:
    assert _drawn(**changes).svg != _drawn().svg


def test_corners_have_a_colour_for_each_temperature_and_a_gap_where_a_number_is_missing() -> None:
    where = conditions(["tt", "ss"], [-40.0, 27.0, 125.0])
    numbers: dict[str, float | None] = {str(condition): 1.0 for condition in where} | {"ss 27C": None}
    (panel,) = corner_panels({"error, %": {SCHEMATIC: numbers, LAYOUT: numbers}}, where)
    assert panel.x.ticks == {0.0: "tt", 1.0: "ss"}
    assert [curve.colour for curve in panel.curves] == ["cold", "room", "hot"] * 2
    assert [curve.style for curve in panel.curves] == ["open"] * 3 + ["filled"] * 3
    assert np.isnan(panel.curves[1].y).tolist() == [False, True]
    assert draw(Plot(title="Corners", caption="", panels=[[panel]], legend="below")).svg


def test_a_bench_needs_no_matplotlib() -> None:
    benches = ", ".join(
        f"mirrorneuron.flows.testbenches.{name}.bench" for name in ("mirror", "neuron", "matched_array")
    )
    code = f"import sys, {benches}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
