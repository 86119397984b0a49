"""A sign-off as one self-contained HTML page: pictures and plots are in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.judge import Judgement
from mirrorneuron.flows.matching import GroupReport, MatchingResult
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.page import number
from mirrorneuron.flows.reports.picture import legend
from mirrorneuron.flows.signoff.result import Signoff
from mirrorneuron.flows.testbench import Measurement, Quantity, Table
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["render"]

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
class _TargetRow:
    """A row of the targets table, as text; `part` is the used part of the limit, 0 to 1, or None without a maximum."""

    title: str
    conditions: str
    schematic: str
    layout: str
    limit: str
    margin: str
    part: float | None
    passed: bool
    reason: str


def render(signoff: Signoff) -> str:
    """The page's text, the same for the same results: the durations of the steps are not on it.

    Raises
    ------
    EvidenceError
        The picture is missing, or there are no checks to report.
    """
    if not signoff.checks:
        raise EvidenceError("there are no checks, so there is nothing to report")
    from mirrorneuron.flows.reports.plots import (
        draw,  # matplotlib takes a second to import: bad input need not wait for it
    )

    bench, measured = signoff.bench, signoff.measured
    steps = signoff.by_step()
    checks = [check for group in steps.values() for check in group]
    return page.render(
        "report.html.j2",
        name=signoff.spec.name,
        passed=signoff.passed,
        checks=checks,
        failed=[check for check in checks if not check.passed],
        steps=steps,
        picture=page.inline_png(signoff.built.picture),
        legend=legend(),
        area=signoff.built.area_um2,
        spec=page.spec_rows(signoff.spec),
        rows=[_target_row(judgement) for judgement in signoff.judgements],
        plots=[draw(plot) for plot in bench.plots(measured)] if bench and measured else [],
        numbers=_numbers(bench.quantities, measured) if bench else [],
        measured=list(measured),
        tables=bench.tables(measured) if bench and measured else [],
        drc=signoff.drc,
        lvs=signoff.lvs,
        matching=_matching(signoff.matching) if signoff.matching else None,
        extracted=signoff.extracted,
        versions=signoff.versions,
        commands=_commands(signoff),
        files=signoff.files,
    )


def _target_row(judgement: Judgement) -> _TargetRow:
    target, value = judgement.target, judgement.value
    part = None
    if value is not None and target.min is None and target.max is not None and target.max > 0:
        part = min(max(value / target.max, 0.0), 1.0)
    return _TargetRow(
        title=judgement.title,
        conditions=target.conditions,
        schematic=number(judgement.schematic),
        layout=number(judgement.layout),
        limit=target.limits_text(judgement.quantity.unit),
        margin=number(judgement.margin),
        part=part,
        passed=judgement.passed,
        reason=judgement.reason,
    )


def _numbers(
    quantities: Mapping[str, Quantity], measured: Mapping[str, Measurement]
) -> list[tuple[str, str, list[str]]]:
    """Quantity, unit, and its number in each measurement; quantities without any number are left out."""
    rows: list[tuple[str, str, list[str]]] = []
    for key, quantity in quantities.items():
        values = [number(measurement.numbers.get(key)) for measurement in measured.values()]
        if any(values):
            rows.append((quantity.text, quantity.unit, values))
    return rows


def _matching(matching: MatchingResult) -> Table:
    """The groups that shall match, a row for each output; what a group's outputs share stands in its first row."""
    rows: list[tuple[str | float | None, ...]] = []
    for group in (group for group in matching.groups if group.kind != "parallel"):
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


def _commands(signoff: Signoff) -> list[str]:
    """The command line of the sign-off, and those that repeat a step alone."""
    gds, spice = signoff.files["gds"], signoff.files["spice"]
    limit = signoff.centroid_limit
    centroid = "" if limit is None else f" --centroid {limit:g}"
    return [
        *([signoff.command] if signoff.command else []),
        f"mirrorneuron drc {gds}",
        f"mirrorneuron lvs {gds} {spice}",
        f"mirrorneuron matching {gds} --netlist {spice}{centroid}",
        f"mirrorneuron extract {gds} --schematic {spice}",
    ]
