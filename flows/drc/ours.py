"""Our own KLayout deck, ``pdk_sky130/drc/sky130.drc``, held against the table of rules."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import klayout.rdb as rdb
from mirrorneuron.flows.drc.findings import Findings, Job, Violation
from mirrorneuron.flows.drc.klayout import categories, items, run_deck
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.rules import RULES, RULES_CSV

__all__ = ["DECK", "check", "violations"]

DECK: Final = RULES_CSV.parent / "drc" / "sky130.drc"
"""The deck; it runs from KLayout's menu too."""


def check(job: Job) -> Findings:
    """Our deck.

    Raises
    ------
    EvidenceError
        It did not come to its end, or its outputs are not exactly the rules of the table.
    ToolError
        KLayout is missing, crashed or hung.
    """
    done, database = run_deck(job, "ours", DECK, {"top": job.top, "threads": str(job.threads)})
    log = job.work / "ours.log"
    counts = re.findall(r"^DRC: (\d+) rules run$", done.stdout, re.MULTILINE)
    if len(counts) != 1:
        raise EvidenceError(f"our deck did not come to its end (log: {log})")
    ran = {category.name().partition(":")[0] for category in categories(database)}
    wanted = {name for name, rule in RULES.items() if rule.kind == "rule"}
    if int(counts[0]) != len(wanted) or ran != wanted:
        odd = sorted(wanted.symmetric_difference(ran))
        raise EvidenceError(
            f"our deck says it ran {counts[0]} rules, reports {len(ran)}, and the table has {len(wanted)}"
            f"{': ' if odd else ''}{', '.join(odd)} (log: {log})"
        )
    skipped = dict(re.findall(r"^not applicable: (\S+): (.+)$", done.stdout, re.MULTILINE))
    return Findings(len(ran), violations(database), skipped)


def violations(database: rdb.ReportDatabase) -> list[Violation]:
    """The markers of our deck's report. A rule about many layers has an output for each, called ``rule:layer``."""
    found = []
    for one in items("ours", database):
        rule, _, layer = one.rule.partition(":")
        found.append(replace(one, rule=rule, layer=layer or one.layer))
    return found
