"""A datasheet as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.page import number
from mirrorneuron.flows.reports.picture import legend
from mirrorneuron.flows.reports.plots import draw
from mirrorneuron.pdk_sky130.errors import EvidenceError

if TYPE_CHECKING:
    from mirrorneuron.flows.datasheet import Datasheet

__all__ = ["render"]

_HEADLINE: Final = ("error_mid", "output_resistance", "output_low", "input_voltage", "bandwidth", "power", "mismatch")


@dataclass(frozen=True)
class _Row:
    """A number: what it is, its unit, as measured, by hand, and what is asked of it; all text."""

    what: str
    unit: str
    values: list[str]
    hand: str
    formula: str
    source: str
    target: str
    passed: bool | None


def render(found: Datasheet) -> str:
    """The page's text, the same for the same results.

    Raises
    ------
    EvidenceError
        The picture is missing.
    """
    try:
        picture = base64.b64encode(found.built.picture.read_bytes()).decode()
    except OSError as error:
        raise EvidenceError(f"the picture {found.built.picture} is missing ({error.strerror})") from error
    quantities, best = found.bench.quantities, found.best
    told = dict(line.split(": ", 1) for line in found.spec.lines())
    steps: dict[str, list[object]] = {}
    for check in found.checks:
        steps.setdefault(check.step, []).append(check)
    return page.render(
        "datasheet.html.j2",
        name=found.spec.name,
        summary=(type(found.spec).__doc__ or "").splitlines()[0],
        passed=found.passed,
        failed=[check for check in found.checks if not check.passed],
        area=found.built.area_um2,
        headline=[
            (quantities[key].text, number(best.numbers[key]), quantities[key].unit)
            for key in _HEADLINE
            if key in quantities and key in best.numbers
        ],
        measured=list(found.measured),
        rows=_rows(found),
        missing=[(quantities[key].text, why) for key, why in best.missing.items() if key in quantities],
        plots=[draw(plot) for plot in found.bench.plots(found.measured)],
        tables=found.bench.tables(found.measured),
        picture=f"data:image/png;base64,{picture}",
        legend=legend(),
        spec=[
            (row.field, told[row.field], row.description) for row in type(found.spec).field_rows() if row.field in told
        ],
        steps=steps,
        versions=found.versions,
        models=best.models,
    )


def _rows(found: Datasheet) -> list[_Row]:
    judged = {judgement.target.value: judgement for judgement in found.judgements}
    rows: list[_Row] = []
    for key, quantity in found.bench.quantities.items():
        values = [number(one.numbers.get(key)) for one in found.measured.values()]
        if not any(values):
            continue
        hand, judgement = found.theory.get(key), judged.get(key)
        rows.append(
            _Row(
                what=quantity.text,
                unit=quantity.unit,
                values=values,
                hand=number(hand.value) if hand else "",
                formula=hand.formula if hand else "",
                source=hand.source if hand else "",
                target=judgement.target.told("") if judgement else "",
                passed=judgement.passed if judgement else None,
            )
        )
    return rows
