"""Design rule check by three decks: ours, the official KLayout deck with its side checks, and Magic's.

Evidence, without which nothing passes: every deck left its whole report, and reports itself how many rules it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.drc import magic as drc_magic
from mirrorneuron.flows.drc import official as drc_official
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.result import DrcResult
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError, NetlistError
from mirrorneuron.pdk_sky130.layers import DRAWING, Layer

__all__ = ["DECKS", "run"]

DECKS: Final[tuple[str, ...]] = ("ours", "official", "magic")
"""The decks that `run` knows; the official one brings its zero-area and pin-label checks where the PDK has them."""

_TIMEOUT_S: Final = 1800.0


def run(
    gds: Path,
    *,
    work: Path,
    top: str | None = None,
    decks: Sequence[str] = DECKS,
    jobs: int = 1,
    timeout_s: float = _TIMEOUT_S,
) -> DrcResult:
    """Check a GDS against the design rules.

    Parameters
    ----------
    gds
        Any GDS, drawn by us or not.
    work
        Folder for reports and logs; made if it is not there.
    top
        Cell to check; needed only if the file has several top cells.
    decks
        Which of `DECKS`.
    jobs
        How many programs may run at the same time.
    timeout_s
        For each program [s].

    Raises
    ------
    InputError
        No such deck, not a GDS, or the top cell is not there.
    EvidenceError
        A deck ran no rule, or left no report or only a part of one.
    ToolError
        A program is missing, crashed or hung.
    """
    unknown = [deck for deck in decks if deck not in DECKS]
    if unknown or not decks:
        raise InputError(f"no DRC deck {', '.join(unknown) or 'given'}; choose from {', '.join(DECKS)}, or all of them")
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    pdk = install.locate()
    work.mkdir(parents=True, exist_ok=True)
    if not any(_drawn(layout, cell, layer) for layer in DRAWING.values()):
        raise NetlistError(
            f"cell {cell.name} of {gds} has no shape on any layer of the process: nothing can be checked"
        )
    plain = gds_file.plain_copy(layout, cell, work.resolve() / "layout.gds")
    centre = cell.dbbox().center()
    job = DeckJob(pdk, plain.path, plain.top, work.resolve(), max(1, jobs), timeout_s, (centre.x, centre.y))
    return _result(_run_all(_checks(job, decks, layout), jobs), work)


def _drawn(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> bool:
    """Whether a cell has a shape on a layer; texts do not count."""
    index = layout.find_layer(*layer)
    if index is None:
        return False
    shapes = cell.begin_shapes_rec(index)
    shapes.shape_flags = kdb.Shapes.SAll - kdb.Shapes.STexts
    return not shapes.at_end()


def _checks(job: DeckJob, decks: Collection[str], layout: kdb.Layout) -> dict[str, Callable[[], Findings]]:
    """The checks of the decks by name, ready to run."""
    checks: dict[str, Callable[[], Findings]] = {}
    if "ours" in decks:
        checks["ours"] = partial(drc_ours.check, job)
    if "official" in decks:
        checks["official"] = partial(drc_official.official, job)
        if job.pdk.zero_area_deck:
            checks["zero-area"] = partial(drc_official.zero_area, job, job.pdk.zero_area_deck, layout)
        if job.pdk.pin_label_deck:
            checks["pin-label"] = partial(drc_official.pin_label, job, job.pdk.pin_label_deck)
    if "magic" in decks:
        checks["magic"] = partial(drc_magic.check, job)
    return checks


def _run_all(checks: dict[str, Callable[[], Findings]], jobs: int) -> dict[str, Findings]:
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        return {name: future.result() for name, future in futures.items()}


def _result(findings: dict[str, Findings], work: Path) -> DrcResult:
    """The findings of all checks together; each must have run rules."""
    for name, own in findings.items():
        if own.rules < 1:
            raise EvidenceError(f"the {name} check ran 0 rules: it did not check the layout (see {work})")
    return DrcResult(
        tuple(violation for own in findings.values() for violation in own.violations),
        {name: own.rules for name, own in findings.items()},
        {rule: reason for own in findings.values() for rule, reason in own.skipped.items()},
    )
