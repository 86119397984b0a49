"""Running a KLayout DRC deck and reading its report: for our deck and for the official one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.drc.findings import DeckJob, layer_of, rounded
from mirrorneuron.flows.drc.result import Violation
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["categories", "items", "report_path", "run_deck"]


def report_path(job: DeckJob, name: str) -> Path:
    """Where a deck leaves its report."""
    return job.work / f"{name}.lyrdb"


def run_deck(
    job: DeckJob, name: str, deck: Path, switches: dict[str, str], ok_codes: Sequence[int] = (0,)
) -> tuple[tools.Completed, rdb.ReportDatabase]:
    """Run a KLayout deck.

    Returns
    -------
    tools.Completed, rdb.ReportDatabase
        Its output and its report (``<name>.lyrdb`` in the job's folder).

    Raises
    ------
    EvidenceError
        There is no report, only a part of one, or one on another cell.
    ToolError
        KLayout is missing, crashed or hung.
    """
    report = report_path(job, name)
    report.unlink(missing_ok=True)
    variables = {"input": str(job.gds), "report": str(report), **switches}
    log = job.work / f"{name}.log"
    done = tools.run(
        "klayout",
        ("-b", "-r", deck, *(word for key, value in variables.items() for word in ("-rd", f"{key}={value}"))),
        cwd=job.work,
        log=log,
        timeout_s=job.timeout_s,
        env={"KLAYOUT_HOME": str(job.work / "klayout_home")},
        ok_codes=ok_codes,
    )
    return done, _report(report, name, job.top, log)


def _report(report: Path, name: str, top: str, log: Path) -> rdb.ReportDatabase:
    if not report.is_file() or report.stat().st_size == 0:
        raise EvidenceError(f"the {name} check left no report {report} (log: {log}, {log}.err)")
    database = rdb.ReportDatabase("")
    try:
        database.load(str(report))
    except RuntimeError as error:
        raise EvidenceError(
            f"the {name} check's report is damaged or cut off: {error} ({report}, log: {log})"
        ) from error
    if database.top_cell_name != top:
        raise EvidenceError(f"the {name} check looked at cell {database.top_cell_name!r}, not at {top!r} ({report})")
    return database


def categories(database: rdb.ReportDatabase) -> Iterator[rdb.RdbCategory]:
    """All categories, nested ones too."""
    pending = list(database.each_category())
    while pending:
        category = pending.pop()
        yield category
        pending += category.each_sub_category()


def items(deck: str, database: rdb.ReportDatabase, job: DeckJob) -> Iterator[Violation]:
    """The markers of a report, each with its place in the top cell, and in the cell that it belongs to."""
    for item in database.each_item():
        category = database.category_by_id(item.category_id())
        cell = database.cell_by_id(item.cell_id())
        box = _box(item)
        if box.empty():
            box = kdb.DBox(0, 0, 0, 0)
        centre = _to_top(cell, database) * box.center()
        rule = _full_name(category)
        yield Violation(
            deck,
            rule,
            category.description or rule,
            layer_of(rule),
            round(centre.x, 6),
            round(centre.y, 6),
            job.cell_name(str(cell.name())),
            rounded(box),
        )


def _box(item: rdb.RdbItem) -> kdb.DBox:
    """The box around all shapes of a marker."""
    box = kdb.DBox()
    for value in item.each_value():
        for is_kind, shape in (
            (value.is_polygon, value.polygon),
            (value.is_box, value.box),
            (value.is_edge, value.edge),
            (value.is_edge_pair, value.edge_pair),
            (value.is_path, value.path),
            (value.is_text, value.text),
        ):
            if is_kind():
                box += shape().bbox()
    return box


def _full_name(category: rdb.RdbCategory) -> str:
    parent = category.parent()
    return f"{_full_name(parent)}.{category.name()}" if parent else str(category.name())


def _to_top(cell: rdb.RdbCell, database: rdb.ReportDatabase) -> kdb.DCplxTrans:
    """From a cell to the top cell, through the first placement of each (the report names one per cell)."""
    trans = kdb.DCplxTrans()
    while reference := next(iter(cell.each_reference()), None):
        trans = reference.trans * trans
        cell = database.cell_by_id(reference.parent_cell_id)
    return trans
