"""A datasheet as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.datasheet.result import Datasheet
from mirrorneuron.flows.reports import page
from mirrorneuron.flows.reports.page import number
from mirrorneuron.flows.reports.picture import legend
from mirrorneuron.flows.reports.plots import draw
from mirrorneuron.flows.results.check import Check

__all__ = ["render"]

_HEADLINE: Final = ("error_mid", "output_resistance", "output_low", "input_voltage", "bandwidth", "power", "mismatch")


@dataclass(frozen=True)
class _QuantityRow:
    """A quantity as text: its unit, numbers as measured and by hand, formula and source, target and verdict."""

    quantity: str
    unit: str
    values: list[str]
    hand: str
    formula: str
    source: str
    target: str
    passed: bool | None


def render(datasheet: Datasheet) -> str:
    """The page's text, the same for the same results.

    Raises
    ------
    EvidenceError
        The picture is missing.
    """
    quantities, best, spec = datasheet.bench.quantities, datasheet.best, datasheet.spec
    return page.render(
        "datasheet.html.j2",
        name=spec.name,
        summary=(type(spec).__doc__ or "").splitlines()[0],
        passed=datasheet.passed,
        failed=[check for check in datasheet.checks if not check.passed],
        area=datasheet.built.area_um2,
        headline=[
            (quantities[key].text, number(best.numbers[key]), quantities[key].unit)
            for key in _HEADLINE
            if key in quantities and key in best.numbers
        ],
        measured=list(datasheet.measured),
        rows=_rows(datasheet),
        missing=[(quantities[key].text, why) for key, why in best.missing.items() if key in quantities],
        plots=[draw(plot) for plot in datasheet.bench.plots(datasheet.measured)],
        tables=datasheet.bench.tables(datasheet.measured),
        picture=page.inline_png(datasheet.built.picture),
        legend=legend(),
        spec=page.spec_rows(spec),
        steps=_by_step(datasheet),
        versions=datasheet.versions,
        models=best.models,
    )


def _by_step(datasheet: Datasheet) -> dict[str, list[Check]]:
    steps: dict[str, list[Check]] = {}
    for check in datasheet.checks:
        steps.setdefault(check.step, []).append(check)
    return steps


def _rows(datasheet: Datasheet) -> list[_QuantityRow]:
    judgements = {judgement.target.value: judgement for judgement in datasheet.judgements}
    rows: list[_QuantityRow] = []
    for key, quantity in datasheet.bench.quantities.items():
        values = [number(measurement.numbers.get(key)) for measurement in datasheet.measured.values()]
        if not any(values):
            continue
        hand, judgement = datasheet.theory.get(key), judgements.get(key)
        rows.append(
            _QuantityRow(
                quantity=quantity.text,
                unit=quantity.unit,
                values=values,
                hand=number(hand.value) if hand else "",
                formula=hand.formula if hand else "",
                source=hand.source if hand else "",
                target=judgement.target.limits_text("") if judgement else "",
                passed=judgement.passed if judgement else None,
            )
        )
    return rows
