"""Design rule check: the official KLayout deck with all its rule groups on, its two side checks, and Magic's.

Evidence, without which nothing passes: every deck left its whole report, and says itself how many rules it ran.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
import klayout.rdb as rdb
from mirrorneuron.flows import gds as gds_file
from mirrorneuron.flows import magic, tools
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError, NetlistError
from mirrorneuron.pdk_sky130.layers import DRAWING, Layer

__all__ = ["DECKS", "DrcResult", "Violation", "run"]

DECKS: Final[tuple[str, ...]] = ("official", "magic")
"""The decks that `run` knows; the official one brings its zero-area and pin-label checks where the PDK has them."""

_TIMEOUT_S: Final = 1800.0
# Without these switches the deck runs no rule and looks clean. Each group leaves its section in the log.
_SWITCHES: Final = {"feol": "true", "beol": "true", "offgrid": "true", "floating_met": "true", "seal": "false"}
_SECTIONS: Final = ("FEOL section", "BEOL section", "OFFGRID-ANGLES section")
# A side check's exit status is 1 + the number of findings, up to 127; 1 itself is an error of its own.
_SIDE_CHECK_CODES: Final = (0, *range(2, 128))


@dataclass(frozen=True)
class Violation:
    """One marker: which deck, its rule's name and text, and the centre of the marker in the top cell [um]."""

    deck: str
    rule: str
    text: str
    x: float
    y: float


@dataclass(frozen=True)
class DrcResult:
    """What the decks found; `rules_by_deck` is how many rules each check itself reports to have run."""

    violations: tuple[Violation, ...]
    rules_by_deck: dict[str, int]

    @property
    def passed(self) -> bool:
        """No violation."""
        return not self.violations

    @property
    def rules_run(self) -> int:
        """Rules run, all decks together."""
        return sum(self.rules_by_deck.values())

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; coordinates in um."""
        return {
            "passed": self.passed,
            "rules_run": self.rules_run,
            "violations": [asdict(violation) for violation in self.violations],
        }


@dataclass(frozen=True)
class _Job:
    pdk: install.Pdk
    gds: Path
    top: str
    work: Path
    threads: int
    timeout_s: float
    centre: tuple[float, float] = (0.0, 0.0)


_Findings = tuple[int, list[Violation]]


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
        raise InputError(f"no DRC deck {', '.join(unknown) or 'given'}; choose from {', '.join(DECKS)}")
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    pdk = install.locate()
    work.mkdir(parents=True, exist_ok=True)
    if not any(_drawn(layout, cell, layer) for layer in DRAWING.values()):
        raise NetlistError(
            f"cell {cell.name} of {gds} has no shape on any layer of the process: nothing can be checked"
        )
    middle = cell.dbbox().center()
    job = _Job(pdk, gds.resolve(), cell.name, work.resolve(), max(1, jobs), timeout_s, (middle.x, middle.y))
    checks: dict[str, Callable[[], _Findings]] = {}
    if "official" in decks:
        checks["official"] = partial(_official, job)
        if pdk.zero_area_deck:
            checks["zero-area"] = partial(_zero_area, job, pdk.zero_area_deck, layout)
        if pdk.pin_label_deck:
            checks["pin-label"] = partial(_pin_label, job, pdk.pin_label_deck)
    if "magic" in decks:
        checks["magic"] = partial(_magic, job)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        findings = {name: _not_nothing(name, future.result(), work) for name, future in futures.items()}
    return DrcResult(
        tuple(violation for _, found in findings.values() for violation in found),
        {name: rules for name, (rules, _) in findings.items()},
    )


def _not_nothing(name: str, findings: _Findings, work: Path) -> _Findings:
    if findings[0] < 1:
        raise EvidenceError(f"the {name} check ran 0 rules: that is no clean layout but no check at all (see {work})")
    return findings


def _klayout(
    job: _Job, name: str, deck: Path, switches: dict[str, str], ok_codes: Sequence[int] = (0,)
) -> tuple[tools.Completed, rdb.ReportDatabase]:
    """Run a KLayout deck; its output and its report."""
    report = job.work / f"{name}.lyrdb"
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
    if not report.is_file() or report.stat().st_size == 0:
        raise EvidenceError(f"the {name} check left no report {report} (log: {log}, {log}.err)")
    database = rdb.ReportDatabase("")
    try:
        database.load(str(report))
    except RuntimeError as error:
        raise EvidenceError(
            f"the {name} check's report is damaged or cut off: {error} ({report}, log: {log})"
        ) from error
    if database.top_cell_name != job.top:
        raise EvidenceError(
            f"the {name} check looked at cell {database.top_cell_name!r}, not at {job.top!r} ({report})"
        )
    return done, database


def _official(job: _Job) -> _Findings:
    done, database = _klayout(
        job, "official", job.pdk.drc_deck, {"top_cell": job.top, "thr": str(job.threads), **_SWITCHES}
    )
    rules = sum(1 for category in _categories(database) if not any(category.each_sub_category()))
    lines = {line.strip() for line in done.stdout.splitlines()}
    missing = [section for section in _SECTIONS if section not in lines]
    if rules and missing:
        raise EvidenceError(
            f"the official deck did not run its {', '.join(missing)}; what it did run proves nothing "
            f"(log: {job.work / 'official.log'})"
        )
    return rules, list(_items("official", database))


def _zero_area(job: _Job, deck: Path, layout: kdb.Layout) -> _Findings:
    done, database = _klayout(job, "zero-area", deck, {"top_cell_name": job.top}, _SIDE_CHECK_CODES)
    total = _last_number(r"(\d+) total zero-area objects", done.stdout, "zero-area", job)
    found = list(_items("zero-area", database))
    # The deck marks shapes without area, but only counts paths without length.
    found += [
        Violation("zero-area", "zero_length_path", "path without length", x, y) for x, y in _zero_length_paths(layout)
    ]
    if (total == 0) != (not found):
        raise EvidenceError(
            f"the zero-area check counts {total} objects and marks {len(found)} (log: {job.work / 'zero-area.log'})"
        )
    return len(re.findall(r"^\d+ zero-(?:area shapes|length paths)", done.stdout, re.MULTILINE)), found


def _zero_length_paths(layout: kdb.Layout) -> Iterator[tuple[float, float]]:
    for cell in layout.each_cell():
        for layer in layout.layer_indexes():
            for shape in cell.shapes(layer).each(kdb.Shapes.SPaths):
                if shape.area() and len(set(shape.each_point())) == 1:
                    centre = shape.dbbox().center()
                    yield centre.x, centre.y


def _pin_label(job: _Job, deck: Path) -> _Findings:
    switches = {"top_cell_name": job.top, "threads": str(job.threads)}
    done, database = _klayout(job, "pin-label", deck, switches, _SIDE_CHECK_CODES)
    total = _last_number(r"(\d+) total error\(s\)", done.stdout, "pin-label", job)
    found = list(_items("pin-label", database))
    if (total == 0) != (not found):
        raise EvidenceError(
            f"the pin-label check counts {total} errors and marks {len(found)} (log: {job.work / 'pin-label.log'})"
        )
    return _last_number(r"(\d+) checks", done.stdout, "pin-label", job), found


def _last_number(pattern: str, text: str, name: str, job: _Job) -> int:
    numbers = re.findall(pattern, text)
    if not numbers:
        raise EvidenceError(f"the {name} check did not run to its end (log: {job.work / name}.log)")
    return int(numbers[-1])


def _categories(database: rdb.ReportDatabase) -> Iterator[rdb.RdbCategory]:
    """All categories, nested ones too."""
    pending = list(database.each_category())
    while pending:
        category = pending.pop()
        yield category
        pending += category.each_sub_category()


def _items(deck: str, database: rdb.ReportDatabase) -> Iterator[Violation]:
    for item in database.each_item():
        category = database.category_by_id(item.category_id())
        cell = database.cell_by_id(item.cell_id())
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
        centre = _to_top(cell, database) * box.center() if not box.empty() else kdb.DPoint()
        rule = _full_name(category)
        yield Violation(deck, rule, category.description or rule, round(centre.x, 6), round(centre.y, 6))


def _full_name(category: rdb.RdbCategory) -> str:
    parent = category.parent()
    return f"{_full_name(parent)}.{category.name()}" if parent else str(category.name())


def _to_top(cell: rdb.RdbCell, database: rdb.ReportDatabase) -> kdb.DCplxTrans:
    """From a cell to the top cell, through the first place of each (the report names one place per cell)."""
    trans = kdb.DCplxTrans()
    while reference := next(iter(cell.each_reference()), None):
        trans = reference.trans * trans
        cell = database.cell_by_id(reference.parent_cell_id)
    return trans


_REPEATED: Final = "See error definition in the subcell"
# The list of texts and places goes to a file of its own; Magic's chatter stays in the log.
_MAGIC_SCRIPT: Final = """
crashbackups stop
drc off
drc euclidean on
drc style drc(full)
scalegrid 1 2
gds read layout.gds
if {[lsearch -exact [cellname list allcells] $env(MN_TOP)] < 0} { error "no cell $env(MN_TOP) after reading the GDS" }
load $env(MN_TOP)
select top cell
expand
set um [cif scale out]
set out [open $env(MN_REPORT) w]
puts $out "box [box values]"
drc check
drc catchup
drc rulestats
drc count total
foreach {text boxes} [drc listall why] {
    puts $out "rule $text"
    foreach box $boxes {
        lassign $box x1 y1 x2 y2
        puts $out [format "at %.6f %.6f" [expr {$um * ($x1 + $x2) / 2.0}] [expr {$um * ($y1 + $y2) / 2.0}]]
    }
}
puts $out end
close $out
"""


def _drawn(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> bool:
    """Whether a cell has a shape, text apart, on a layer."""
    index = layout.find_layer(*layer)
    if index is None:
        return False
    found = cell.begin_shapes_rec(index)
    found.shape_flags = kdb.Shapes.SAll - kdb.Shapes.STexts
    return not found.at_end()


def _magic(job: _Job) -> _Findings:
    work = job.work / "magic"
    work.mkdir(parents=True, exist_ok=True)
    report = work / "drc.txt"
    report.unlink(missing_ok=True)
    shutil.copyfile(job.gds, work / "layout.gds")
    done = magic.run_script(
        job.pdk,
        _MAGIC_SCRIPT,
        name="drc",
        work=work,
        timeout_s=job.timeout_s,
        env={"MN_TOP": job.top, "MN_REPORT": report.name},
    )
    rules = _magic_number(r"Total number of rules specif\w+ in tech file: (\d+)", done.stdout, report)
    total = _magic_number(r"Total DRC errors found: (\d+)", done.stdout, report)
    found = _parse_magic(report)
    if total == 0 and found:
        raise EvidenceError(f"Magic counts 0 DRC errors and lists {len(found)} ({report})")
    if total and not found:
        # 8.3.105 names no rule for a cell that is nothing but one wire that is too narrow.
        found = [Violation("magic", "unlisted", f"Magic counts {total} errors and names none ({report})", *job.centre)]
    return rules, found


def _magic_number(pattern: str, text: str, report: Path) -> int:
    match = re.search(pattern, text)
    if match is None:
        raise EvidenceError(f"Magic's DRC did not tell its totals (log: {report.parent / 'drc.log'})")
    return int(match.group(1))


def _parse_magic(report: Path) -> list[Violation]:
    """Violations from the file that the script leaves: ``box``, then ``rule`` and ``at`` lines, ``end``."""
    lines = report.read_text().splitlines() if report.is_file() else []
    if len(lines) < 2 or lines[-1] != "end" or not lines[0].startswith("box "):
        raise EvidenceError(f"Magic's DRC report {report} is missing or cut off")
    x1, y1, x2, y2 = (float(word) for word in lines[0].split()[1:])
    if x2 <= x1 or y2 <= y1:
        raise EvidenceError(f"Magic sees nothing in the cell: no shape is on a layer that it knows ({report})")
    found: list[Violation] = []
    text = ""
    for line in lines[1:-1]:
        kind, _, rest = line.partition(" ")
        if kind == "rule":
            text = rest.strip()
        elif kind == "at":
            x, y = (float(word) for word in rest.split())
            # 0.005 um is the finest that means anything; the rest is Magic's single-precision scale.
            found.append(Violation("magic", _rule_name(text), text, round(x, 4), round(y, 4)))
        else:
            raise EvidenceError(f"Magic's DRC report {report} has a line that cannot be read: {line!r}")
    # An error inside a subcell shows in its parent once more, without its rule.
    return [violation for violation in found if violation.text != _REPEATED] or found


def _rule_name(text: str) -> str:
    """``"Metal1 spacing < 0.14um (met1.2)"`` -> ``"met1.2"``; the whole text where it ends in no parentheses."""
    match = re.search(r"\(([^()]+)\)\s*$", text)
    return match.group(1) if match else text
