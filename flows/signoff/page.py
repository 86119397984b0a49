"""A signoff as one HTML page that needs nothing else: pictures and plots are in it."""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorneuron.flows import tools
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.page import number
from mirrorneuron.flows.reports.picture import legend
from mirrorneuron.flows.testbench import Measurement, Quantity, Table
from mirrorneuron.pdk_sky130.errors import EvidenceError, ToolError
from mirrorneuron.pdk_sky130.install import Pdk

if TYPE_CHECKING:
    from mirrorneuron.flows.judge import Judgement
    from mirrorneuron.flows.matching import GroupReport, MatchingResult
    from mirrorneuron.flows.signoff import Signoff

__all__ = ["render", "versions"]

_MATCHING: Final = (
    "Gate",
    "W, um",
    "L, um",
    "Output",
    "Units",
    "Ratio",
    "Off centre, um",
    "Dispersion",
    "Dummies",
    "To well, um",
    "To end, um",
    "Ring",
)


@dataclass(frozen=True)
class _Row:
    """A line of the targets table, as text; `part` is how much of the limit is used up, 0 to 1, if that can be said."""

    title: str
    conditions: str
    schematic: str
    layout: str
    limit: str
    margin: str
    part: float | None
    passed: bool
    reason: str


def versions(pdk: Pdk) -> dict[str, str]:
    """Versions of everything that a result depends on; a program that is not there is called missing."""
    found = {"mirrorneuron": package_version("mirrorneuron"), "Python": platform.python_version()}
    for name in tools.TOOLS:
        try:
            found[name] = tools.version(name)
        except ToolError:
            found[name] = "missing"
    found["KLayout module"] = package_version("klayout")
    found["SKY130 PDK"] = f"{pdk.version} ({pdk.source})" if pdk.version else pdk.source
    return found


def render(found: Signoff) -> str:
    """The page's text, the same for the same results: how long the steps took is told while they run.

    Raises
    ------
    EvidenceError
        The picture is missing, or there are no checks to report.
    """
    if not found.checks:
        raise EvidenceError("there are no checks, so there is nothing to report")
    from mirrorneuron.flows.reports.plots import draw  # matplotlib: a second that bad input need not wait for

    bench, measured = found.bench, found.measured
    steps = found.by_step()
    checks = [check for group in steps.values() for check in group]
    return page.render(
        "report.html.j2",
        name=found.spec.name,
        passed=found.passed,
        checks=checks,
        failed=[check for check in checks if not check.passed],
        steps=steps,
        picture=_inline(found.built.picture),
        legend=legend(),
        area=found.built.area_um2,
        spec=_spec(found),
        rows=[_row(judgement) for judgement in found.judgements],
        plots=[draw(plot) for plot in bench.plots(measured)] if bench and measured else [],
        numbers=_numbers(bench.quantities, measured) if bench else [],
        measured=list(measured),
        tables=bench.tables(measured) if bench and measured else [],
        drc=found.drc,
        lvs=found.lvs,
        matching=_matching(found.matching) if found.matching else None,
        extracted=found.extracted,
        versions=found.versions,
        commands=_commands(found),
        files=found.files,
    )


def _inline(picture: Path) -> str:
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"the picture {picture} is missing ({error.strerror}), so the report would be too"
        ) from error
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _spec(found: Signoff) -> list[tuple[str, str, str]]:
    """Field, value with its unit, description."""
    told = dict(line.split(": ", 1) for line in found.spec.lines())
    return [
        (row.field, f"{told[row.field]} {row.unit if row.unit == 'um' else ''}".strip(), row.description)
        for row in type(found.spec).field_rows()
        if row.field in told
    ]


def _row(judgement: Judgement) -> _Row:
    target, value = judgement.target, judgement.value
    part = None
    if value is not None and target.min is None and target.max is not None and target.max > 0:
        part = min(max(value / target.max, 0.0), 1.0)
    return _Row(
        title=judgement.title,
        conditions=target.conditions,
        schematic=number(judgement.schematic),
        layout=number(judgement.layout),
        limit=target.told(judgement.quantity.unit),
        margin=number(judgement.margin),
        part=part,
        passed=judgement.passed,
        reason=judgement.reason,
    )


def _numbers(
    quantities: Mapping[str, Quantity], measured: Mapping[str, Measurement]
) -> list[tuple[str, str, list[str]]]:
    """What, its unit, and its number in each measurement; rows without any number are left out."""
    rows: list[tuple[str, str, list[str]]] = []
    for key, quantity in quantities.items():
        values = [number(one.numbers.get(key)) for one in measured.values()]
        if any(values):
            rows.append((quantity.text, quantity.unit, values))
    return rows


def _matching(found: MatchingResult) -> Table:
    """The groups that are meant to match, a row for each output; what is the group's stands in its first row."""
    rows: list[tuple[str | float | None, ...]] = []
    for group in (group for group in found.groups if group.kind != "parallel"):
        shared = (
            group.dummies,
            "none" if group.well_distance is None else _range(group.well_distance),
            "none" if group.diffusion_end is None else _range(group.diffusion_end),
            "closed" if group.ring else "open",
        )
        for k, output in enumerate(group.outputs):
            own = (output.net, output.units, output.ratio, output.offset, output.dispersion)
            first = k == 0
            rows.append((*(_sized(group) if first else ("", "", "")), *own, *(shared if first else ("", "", "", ""))))
    return Table(_MATCHING, rows)


def _sized(group: GroupReport) -> tuple[str, str, str]:
    return f"{group.gate} ({group.kind})", f"{group.w:g}", f"{group.l:g}"


def _range(values: tuple[float, float]) -> str:
    least, largest = (number(value) for value in values)
    return least if least == largest else f"{least} to {largest}"


def _commands(found: Signoff) -> list[str]:
    """The command that was given, and those that repeat a step alone."""
    gds, spice = found.files["gds"], found.files["spice"]
    limit = found.centroid_limit
    centroid = "" if limit is None else f" --centroid {limit:g}"
    return [
        *([found.command] if found.command else []),
        f"mirrorneuron drc {gds}",
        f"mirrorneuron lvs {gds} {spice}",
        f"mirrorneuron matching {gds} --netlist {spice}{centroid}",
        f"mirrorneuron extract {gds} --schematic {spice}",
    ]
