"""Our DRC deck held against the official one and Magic on hand-drawn patterns, and its time on large layers.

    .venv/bin/python benchmarks/drc.py patterns [--json]    what each deck says to every pattern in tests/drc/patterns
    .venv/bin/python benchmarks/drc.py layer [--json]       time and memory on layers of 500 to 10,000 units

Patterns come in pairs: one just holds a rule, one breaks it by a step of 5 nm. Each is drawn once here. A deck flags a
good one falsely if it has any marker there. It catches a broken one if it has a marker there of a rule that it does not
find on all good ones of the same rule. The official deck's rules on floating wires (m1.x to m5.x) do not count: the
patterns are wires that lead nowhere.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from mirrorneuron.flows import drc
from mirrorneuron.generators import catalog
from rich.console import Console
from rich.table import Table

REPO = Path(__file__).parents[1]
SIZES = ((16, 4), (32, 8), (64, 21))
KINDS = ("caught", "false")
FLOATING = {f"m{number}.x" for number in range(1, 6)}
SEED = 1


def patterns(work: Path) -> dict[str, Any]:
    """What each deck finds on the patterns: counts by deck, and the rules on which decks differ."""
    sys.path.insert(0, str(REPO))
    from tests.kit import drc_patterns

    drawn = [one for found in drc_patterns.tables().values() for one in found]
    placed = drc_patterns.write(drawn, work / "patterns.gds", turned=False)
    found = {}
    seconds = {}
    for deck in drc.DECKS:
        started = time.monotonic()
        result = drc.run(work / "patterns.gds", work=work / deck, decks=(deck,), jobs=2)
        seconds[deck] = time.monotonic() - started
        places = drc_patterns.assign(placed, result.violations)
        found[deck] = [places[index] - FLOATING for index in range(len(placed))]
    table_of = {id(one): table for table, found in drc_patterns.tables().items() for one in found}
    zero: dict[str, int] = dict.fromkeys(("broken", *(f"{deck} {kind}" for deck in drc.DECKS for kind in KINDS)), 0)
    tables = {table: dict(zero) for table in (*drc_patterns.tables(), "all")}
    wrong: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for deck in drc.DECKS:
        always: dict[str, set[str]] = {}
        for one, rules in zip(placed, found[deck], strict=True):
            if one.pattern.holds:
                always[one.pattern.rule] = always.get(one.pattern.rule, rules) & rules
        for one, rules in zip(placed, found[deck], strict=True):
            rule, name, holds = one.pattern.rule, one.pattern.name, one.pattern.holds
            rules = rules - (one.pattern.also if deck == "ours" else set()) - (set() if holds else always[rule])
            for table in (table_of[id(one.pattern)], "all"):
                tables[table][f"{deck} {'false' if holds else 'caught'}"] += bool(rules)
                tables[table]["broken"] += deck == "ours" and not holds
            if bool(rules) == holds:
                wrong[rule][deck].append(f"false {name}: {', '.join(sorted(rules))}" if holds else f"missed {name}")
    return {
        "good": sum(one.pattern.holds for one in placed),
        "seconds": seconds,
        "tables": tables,
        "wrong": {rule: dict(decks) for rule, decks in sorted(wrong.items())},
    }


def layer(inputs: int, neurons: int, work: Path) -> dict[str, float]:
    """Time [s], CPU time [s] and memory [MB] of our deck on a layer's weights."""
    draw = random.Random(SEED)
    weights = [[draw.randint(-15, 15) for _ in range(neurons)] for _ in range(inputs)]
    gds = work / f"layer{inputs}x{neurons}.gds"
    layout = catalog.layout_of(catalog.load("synapse_array", [f"weights={weights}"]))
    layout.write(str(gds))
    started, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = drc.run(gds, work=work / gds.stem, decks=("ours",), jobs=2)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    box = layout.top_cell().dbbox()
    return {
        "inputs": inputs,
        "neurons": neurons,
        "units": sum(abs(weight) for row in weights for weight in row) + 2 * inputs,
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
        # The most that any program so far had; sizes go up.
        "memory_mb": after.ru_maxrss / 1024,
        "violations": len(result.violations),
        "width_um": box.width(),
        "height_um": box.height(),
    }


def print_patterns(data: dict[str, Any]) -> None:
    """The counts, and rule by rule which deck says otherwise than the pattern does."""
    table = Table(title=f"broken patterns caught; of {data['good']} good ones flagged falsely")
    for head in ("table", "broken", *drc.DECKS):
        table.add_column(head)
    for name, counts in data["tables"].items():
        told = [(counts[f"{deck} caught"], counts[f"{deck} false"]) for deck in drc.DECKS]
        table.add_row(name, f"{counts['broken']}", *(f"{c}, {f} false" if f else f"{c}" for c, f in told))
    table.add_row("seconds", "", *(f"{data['seconds'][deck]:.1f}" for deck in drc.DECKS))
    console = Console()
    console.print(table)
    for rule, decks in data["wrong"].items():
        for deck, names in decks.items():
            console.print(f"{rule}: {deck} is wrong on {len(names)}: {'; '.join(names[:4])}", highlight=False)


def main() -> None:
    """Print tables, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("patterns", "layer"))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.what == "patterns":
            data = patterns(Path(folder))
        else:
            data = {"layers": [layer(*size, Path(folder)) for size in SIZES]}
    if chosen.json:
        print(json.dumps(data, indent=2))
    elif chosen.what == "patterns":
        print_patterns(data)
    else:
        table = Table(title="our deck on a layer's weights")
        for head in ("layer", "units", "um", "s", "CPU s", "memory MB", "violations"):
            table.add_column(head, justify="right")
        for row in data["layers"]:
            size = f"{row['width_um']:.0f} x {row['height_um']:.0f}"
            name = f"{row['inputs']} x {row['neurons']}"
            cells = (
                f"{row['units']}",
                size,
                f"{row['seconds']:.1f}",
                f"{row['cpu_seconds']:.1f}",
                f"{row['memory_mb']:.0f}",
                f"{row['violations']}",
            )
            table.add_row(name, *cells)
        Console().print(table)


if __name__ == "__main__":
    main()
