"""Magic's design rule check."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from mirrorneuron.flows.drc.findings import DeckJob, Findings, layer_of
from mirrorneuron.flows.drc.result import Violation
from mirrorneuron.flows.tools import magic
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["check"]

_REPEATED: Final = "See error definition in the subcell"
# The list of texts and places goes to a file of its own; Magic's other output stays in the log.
_SCRIPT: Final = """
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


def check(job: DeckJob) -> Findings:
    """Run Magic's DRC in the style ``drc(full)``.

    Raises
    ------
    EvidenceError
        The totals or the report are missing, or contradict each other.
    ToolError
        Magic is missing, crashed or hung.
    """
    work = job.work / "magic"
    work.mkdir(parents=True, exist_ok=True)
    report = work / "drc.txt"
    report.unlink(missing_ok=True)
    shutil.copyfile(job.gds, work / "layout.gds")
    done = magic.run_script(
        job.pdk,
        _SCRIPT,
        name="drc",
        work=work,
        timeout_s=job.timeout_s,
        env={"MN_TOP": job.top, "MN_REPORT": report.name},
    )
    rules = _number(r"Total number of rules specif\w+ in tech file: (\d+)", done.stdout, report)
    total = _number(r"Total DRC errors found: (\d+)", done.stdout, report)
    violations = _violations(report)
    if total == 0 and violations:
        raise EvidenceError(f"Magic counts 0 DRC errors and lists {len(violations)} ({report})")
    if total and not violations:
        # 8.3.105 names no rule for a cell that holds nothing but one wire that is too narrow.
        text = f"Magic counts {total} errors and names none ({report})"
        violations = [Violation("magic", "unlisted", text, "", *job.centre)]
    return Findings(rules, violations)


def _number(pattern: str, text: str, report: Path) -> int:
    match = re.search(pattern, text)
    if match is None:
        raise EvidenceError(f"Magic's DRC did not report its totals (log: {report.parent / 'drc.log'})")
    return int(match.group(1))


def _violations(report: Path) -> list[Violation]:
    """Violations from the file that the script leaves: ``box``, then ``rule`` and ``at`` lines, ``end``."""
    lines = report.read_text().splitlines() if report.is_file() else []
    if len(lines) < 2 or lines[-1] != "end" or not lines[0].startswith("box "):
        raise EvidenceError(f"Magic's DRC report {report} is missing or cut off")
    x1, y1, x2, y2 = (float(word) for word in lines[0].split()[1:])
    if x2 <= x1 or y2 <= y1:
        raise EvidenceError(f"Magic reads no shape of the cell: none is on a layer that it knows ({report})")
    violations: list[Violation] = []
    text = ""
    for line in lines[1:-1]:
        kind, _, rest = line.partition(" ")
        if kind == "rule":
            text = rest.strip()
        elif kind == "at":
            x, y = (float(word) for word in rest.split())
            # The grid is 0.005 um; finer digits come from Magic's single-precision scale.
            rule = _rule_name(text)
            violations.append(Violation("magic", rule, text, layer_of(rule), round(x, 4), round(y, 4)))
        else:
            raise EvidenceError(f"Magic's DRC report {report} has a line that cannot be read: {line!r}")
    # An error inside a subcell shows in its parent once more, without its rule.
    return [violation for violation in violations if violation.text != _REPEATED] or violations


def _rule_name(text: str) -> str:
    """``"Metal1 spacing < 0.14um (met1.2)"`` -> ``"met1.2"``; the whole text where it ends in no parentheses."""
    match = re.search(r"\(([^()]+)\)\s*$", text)
    return match.group(1) if match else text
