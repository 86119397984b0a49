"""How well arrays match: our pattern beside block, interdigitated and ABBA, on paper and read back from the drawn GDS.

    .venv/bin/python benchmarks/matching.py [--ratios 1:2:4:8 ...] [--json | --markdown] [--pictures docs/pictures]
        [--glayout PYTHON] [--align PYTHON --align-pdk FOLDER]

All styles of a case have our pattern's number of rows and the same unit. ``--glayout`` and ``--align`` name the Python
interpreters of environments in which gLayout or ALIGN is installed, and ``--align-pdk`` the folder of ALIGN's SKY130
PDK: the same mirrors are drawn there, read through the same matching report, and timed in the same run. Times are CPU
times of drawing and writing the GDS, imports not counted; the least of the repeats counts.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows import matching
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.sizing import drawn_pitch, size_array
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.placement import STYLES, Pattern, metrics
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import (
    EvidenceError,
    FileError,
    MirrorneuronError,
    MissingToolError,
    SpecError,
    ToolFailedError,
)
from rich.console import Console
from rich.table import Table as RichTable

SEED: Final = 3
CASES: Final[dict[str, tuple[int, ...]]] = {
    "1:1": (1, 1),
    "2:2": (2, 2),
    "1:2": (1, 2),
    "1:2:4:8": (1, 2, 4, 8),
    "3:5:7": (3, 5, 7),
    "1:1:1:1": (1, 1, 1, 1),
    "2:2:2:2": (2, 2, 2, 2),
    "16 random": tuple(int(n) for n in np.random.default_rng(SEED).integers(1, 16, 16)),
}
"""What is compared; 1:1 and 1:1:1:1 are doubled too, as two single units cannot share a centroid."""
OURS: Final = "common_centroid"
_REPEATS: Final = 3
_TIMEOUT_S: Final = 1800


@dataclass(frozen=True)
class Table:
    """A table to print: the first column is text, the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def array(ratios: Sequence[int], **fields: object) -> MatchedArraySpec:
    """The cell `matched_array` with these ratios and its other fields by default."""
    spec = catalog.load(
        "matched_array", [f"ratios={list(ratios)}", *(f"{name}={value}" for name, value in fields.items())]
    )
    assert isinstance(spec, MatchedArraySpec)
    return spec


def units_of(spec: MatchedArraySpec) -> tuple[Pattern, tuple[float, float]]:
    """The pattern that a matched array is drawn from, and its pitch along and across the rows [um]."""
    return size_array(spec).pattern, drawn_pitch(spec)


def compare(ratios: Sequence[int], folder: Path) -> dict[str, Any]:
    """All styles for some ratios: the figures of the pattern, and of the layout as the matching report reads it."""
    ours = array(ratios)
    pattern, pitch = units_of(ours)
    rows = len(pattern.rows) - 2 * ours.dummy_rows
    # One correlation length for all styles, or their mismatch could not be compared.
    length = hypot(pattern.columns * pitch[0], len(pattern.rows) * pitch[1])
    styles = {}
    for style in STYLES:
        spec = ours if style == OURS else array(ratios, pattern=style, rows=rows)
        pattern, pitch = units_of(spec)
        styles[style] = {
            "pitch": list(pitch),
            "pattern": metrics.summary(pattern, pitch, length).as_json(),
            "drawn": drawn(spec, folder / style),
        }
    return {"ratios": list(ratios), "rows": rows, "styles": styles}


def drawn(spec: MatchedArraySpec, folder: Path) -> dict[str, Any]:
    """What the matching report finds in a matched array's layout, held against its netlist."""
    folder.mkdir(parents=True, exist_ok=True)
    gds, netlist = folder / f"{spec.name}.gds", folder / f"{spec.name}.spice"
    catalog.layout_of(spec).write(str(gds))
    netlist.write_text(catalog.circuit_of(spec).to_spice(), encoding="utf-8")
    found = read(gds, netlist)
    if len(found["groups"]) != 1:
        raise EvidenceError(f"the matching report finds {len(found['groups'])} groups in {gds}: one is drawn")
    (group,) = found["groups"]
    return {"passed": found["passed"], "errors": found["errors"], **group}


def read(gds: Path, netlist: Path | None = None) -> dict[str, Any]:
    """The matching report of a layout: the verdict, its errors, and the groups with two outputs or more."""
    report = matching.run(gds, netlist)
    groups = [_group(group) for group in report.groups if len(group.outputs) > 1]
    return {"passed": report.passed, "errors": list(report.errors), "groups": groups}


def _group(group: matching.GroupReport) -> dict[str, Any]:
    """A group in short; lengths in um, ``apart``: between the two centroids that are furthest apart."""
    outputs, spread = group.outputs, [output.dispersion for output in group.outputs]
    return {
        "gate": group.gate,
        "kind": group.kind,
        "w": group.w,
        "l": group.l,
        "units": [output.units for output in outputs],
        "offset": max(output.offset for output in outputs),
        "apart": max(hypot(a.x - b.x, a.y - b.y) for a in outputs for b in outputs),
        "dispersion_min": min(spread),
        "dispersion_max": max(spread),
    }


_GLAYOUT: Final = """
import json, sys, time
from importlib.metadata import version
from glayout.backend import get_backend
from glayout.pdk.sky130_mapped.sky130_mapped import sky130_mapped_pdk as pdk
from glayout.cells.elementary.current_mirror.current_mirror import current_mirror
from glayout.cells.composite.low_voltage_cmirror.low_voltage_cmirror import low_voltage_cmirror

out, repeats = sys.argv[1], int(sys.argv[2])
cells = {
    f"current_mirror_{n}": lambda n=n: current_mirror(pdk, numcols=n, width=2, length=1, fingers=1) for n in (1, 2, 3)
}
cells["low_voltage_cmirror"] = lambda: low_voltage_cmirror(pdk)
found = {}
for name, draw in cells.items():
    try:
        seconds = []
        for _ in range(repeats):
            started = time.process_time()
            cell = draw()
            cell.name = name
            cell.write_gds(f"{out}/{name}.gds")
            seconds.append(time.process_time() - started)
        found[name] = {"seconds": seconds}
    except Exception as error:
        found[name] = {"error": f"{type(error).__name__}: {error}"}
with open(f"{out}/found.json", "w") as file:
    json.dump({"version": version("glayout"), "backend": get_backend(), "cells": found}, file)
"""
_GLAYOUT_UNITS: Final = {"current_mirror_1": (1, 1), "current_mirror_2": (2, 2), "current_mirror_3": (3, 3)}
_ALIGN: Final = """
import json, os, sys, time
import align

out, netlists, pdk = sys.argv[1:4]
found = {}
for name in sys.argv[4:]:
    started = os.times()
    os.makedirs(f"{out}/{name}")
    os.chdir(f"{out}/{name}")
    done = align.CmdlineParser().parse_args([f"{netlists}/{name}", "-p", pdk])
    ended = os.times()
    found[name] = {"seconds": [sum(ended[:4]) - sum(started[:4])]} if done else {"error": "no layout"}
with open(f"{out}/found.json", "w") as file:
    json.dump({"version": align.__version__, "cells": found}, file)
"""
_ALIGN_RATIOS: Final = {
    "mirror_1_1": (1, 1),
    "mirror_1_2": (1, 2),
    "mirror_4_8": (4, 8),
    "mirror_1_2_4_8": (1, 2, 4, 8),
}
_ALIGN_UNIT: Final = {"w": 4.2, "l": 0.15, "fingers": 2}
"""ALIGN's unit in SKY130: two fingers of a multiple of 0.21 um each; the length is always 0.15 um."""


def glayout(python: Path, folder: Path, backend: str) -> dict[str, Any]:
    """GLayout's mirrors with unit transistors of W = 2 um and L = 1 um, drawn by one of its back ends, beside ours."""
    folder.mkdir(parents=True)
    variables = {"PDK_ROOT": str(install.locate().root), "GLAYOUT_BACKEND": backend}
    found = _foreign(python, _GLAYOUT, [folder, 2], folder, variables)
    if found["backend"] != backend:
        raise EvidenceError(f"{python} drew with the back end {found['backend']} instead of {backend}")
    for name, cell in found["cells"].items():
        if "error" not in cell:
            cell |= read(folder / f"{name}.gds")
        if name in _GLAYOUT_UNITS:
            _beside(cell, array(_GLAYOUT_UNITS[name], w=2, l=1, fingers=1), folder / f"ours_{name}")
    return found


def align(python: Path, pdk: Path, folder: Path) -> dict[str, Any]:
    """ALIGN's mirrors for `_ALIGN_RATIOS`, read against what it was asked for, beside ours."""
    if not (pdk / "layers.json").is_file():
        raise FileError(f"--align-pdk {pdk}: holds no layers.json; give the folder SKY130_PDK of ALIGN-pdk-sky130")
    netlists, out = folder / "netlists", folder / "out"
    for name, ratios in _ALIGN_RATIOS.items():
        (netlists / name).mkdir(parents=True)
        # ALIGN's W is a finger's, the models' W the whole.
        (netlists / name / f"{name}.sp").write_text(_mirror(name, "m", ratios, "2.1e-06"), encoding="utf-8")
        (netlists / f"{name}.spice").write_text(_mirror(name, "x", ratios, "4.2e-06"), encoding="utf-8")
        constraints = json.dumps([{"constraint": "GroundPorts", "ports": ["vss"]}])
        (netlists / name / f"{name}.const.json").write_text(constraints, encoding="utf-8")
    out.mkdir()
    found = _foreign(python, _ALIGN, [out, netlists, pdk, *_ALIGN_RATIOS], out, {})
    for name, cell in found["cells"].items():
        if "error" not in cell:
            (gds,) = (out / name).glob("*_0.gds")
            cell |= read(gds, netlists / f"{name}.spice")
        _beside(cell, array(_ALIGN_RATIOS[name], **_ALIGN_UNIT), folder / f"ours_{name}")
    return found


def _mirror(name: str, letter: str, ratios: Sequence[int], width: str) -> str:
    """A mirror as SPICE, d0 on the gates; W and L in metres."""
    device = f"sky130_fd_pr__nfet_01v8 w={width} l=1.5e-07 nf=2"
    cards = [f"{letter}{i} d{i} d0 vss vss {device} m={units}" for i, units in enumerate(ratios)]
    pins = " ".join(f"d{i}" for i in range(len(ratios)))
    return "\n".join([f".subckt {name} {pins} vss", *cards, f".ends {name}", ""])


def _foreign(
    python: Path, script: str, arguments: Sequence[object], out: Path, env: Mapping[str, str]
) -> dict[str, Any]:
    """Run a script in another environment's interpreter; it leaves its findings in ``out/found.json``."""
    program = shutil.which(python)
    if program is None:
        raise MissingToolError(f"{python} cannot be run: give the interpreter of an environment that has the generator")
    try:
        done = subprocess.run(
            [Path(program).absolute(), "-c", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            cwd=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **env},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailedError(f"{python} cannot be run: {error}") from error
    if done.returncode or not (out / "found.json").is_file():
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no message")
        raise ToolFailedError(f"{python} ended with status {done.returncode}: {last.strip()}")
    found: dict[str, Any] = json.loads((out / "found.json").read_text(encoding="utf-8"))
    return found


def _beside(cell: dict[str, Any], spec: MatchedArraySpec, folder: Path) -> None:
    """Add to a foreign cell what our cell of the same units reaches, and the ratio of the times."""
    cell["asked"] = list(spec.ratios)
    cell["ours"] = drawn(spec, folder)
    cell["ours_seconds"] = seconds(lambda: catalog.layout_of(spec).write(str(folder / "timed.gds")))
    if "seconds" in cell:
        cell["times_slower"] = min(cell["seconds"]) / cell["ours_seconds"]


def seconds(action: Callable[[], object], repeats: int = _REPEATS) -> float:
    """Least CPU time of an action [s]."""
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


_CELL: Final = 18
_GAP: Final = 26
_PAGE: Final = 900
_GREY: Final = "#808080"


def picture(ratios: Sequence[int]) -> str:
    """All styles of a case as SVG: a square for each unit, hollow for a dummy, a dot at each owner's centroid."""
    ours = array(ratios)
    rows = len(size_array(ours).pattern.rows) - 2 * ours.dummy_rows
    colours = {owner: _colour(k, len(ratios)) for k, owner in enumerate(ours.drains)}
    patterns = {s: size_array(ours if s == OURS else array(ratios, pattern=s, rows=rows)).pattern for s in STYLES}
    # One size for all panels; two beside each other where four would not fit on a page.
    width = max(max(pattern.columns * _CELL, 8 * len(style)) for style, pattern in patterns.items()) + _GAP
    height = max(len(pattern.rows) for pattern in patterns.values()) * _CELL + _GAP
    across = min(len(patterns), max(2, _PAGE // width))
    parts = [
        f'<g transform="translate({k % across * width},{k // across * height + _GAP - 4})">'
        + _panel(style, pattern, colours)
        + "</g>"
        for k, (style, pattern) in enumerate(patterns.items())
    ]
    box = (across * width - _GAP + 2, -(-len(patterns) // across) * height + 2)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {box[0]} {box[1]}" width="{box[0]}"'
    return head + ' font-family="sans-serif" font-size="10">\n' + "\n".join(parts) + "\n</svg>\n"


def _panel(style: str, pattern: Pattern, colours: Mapping[str, str]) -> str:
    rows = tuple(reversed(pattern.rows))
    squares: dict[str | None, list[str]] = {None: [], **{owner: [] for owner in pattern.owners}}
    numbers: dict[str, list[str]] = {owner: [] for owner in pattern.owners}
    for y, row in enumerate(rows):
        for x, owner in enumerate(row):
            side = _CELL - 2
            squares[owner].append(f"M{x * _CELL} {y * _CELL}h{side}v{side}h-{side}z")
            if owner is not None:
                number = owner.removeprefix("d")
                numbers[owner].append(f'<text x="{x * _CELL + side // 2}" y="{y * _CELL + 12}">{number}</text>')
    parts = [
        f'<text y="-8" font-size="13" fill="{_GREY}">{style.replace("_", " ")}</text>',
        f'<path d="{"".join(squares.pop(None))}" fill="none" stroke="{_GREY}" stroke-opacity="0.5"/>',
        *(f'<path d="{"".join(path)}" fill="{colours[owner]}"/>' for owner, path in squares.items() if owner),
        '<g text-anchor="middle" fill="#fff">' + "".join("".join(texts) for texts in numbers.values()) + "</g>",
    ]
    for owner in pattern.owners:
        across, up = pattern.centroid(owner)
        at_x, at_y = pattern.columns * _CELL / 2 - 1 + across * _CELL, len(rows) * _CELL / 2 - 1 - up * _CELL
        parts.append(
            f'<circle cx="{at_x:.2f}" cy="{at_y:.2f}" r="3" fill="{colours[owner]}" stroke="#000" stroke-width="1.2"/>'
        )
    return "\n".join(parts)


def _colour(number: int, of: int) -> str:
    red, green, blue = colorsys.hls_to_rgb(number / of, 0.42 if number % 2 else 0.52, 0.55)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def write_pictures(cases: Mapping[str, Sequence[int]], folder: Path) -> list[Path]:
    """A picture ``pattern_<ratios>.svg`` for each case."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, ratios in cases.items():
            path = folder / f"pattern_{name.replace(':', '_').replace(' ', '_')}.svg"
            staging = path.with_name(f".{path.name}.{os.getpid()}")
            staging.write_text(picture(ratios), encoding="utf-8")
            staging.replace(path)
            written.append(path)
    except OSError as error:
        raise FileError(f"--pictures {folder}: cannot be written ({error.strerror}); choose another folder") from error
    return written


def tables(result: Mapping[str, Any]) -> list[Table]:
    """The result as tables."""
    found = [_case_table(result["cases"])]
    for backend, part in (result["glayout"] or {}).items():
        found.append(_foreign_table(f"gLayout {part['version']}, back end {backend}", part["cells"]))
    if result["align"]:
        found.append(_foreign_table(f"ALIGN {result['align']['version']}", result["align"]["cells"]))
    return found


def _case_table(cases: Mapping[str, Any]) -> Table:
    header = (
        "ratios",
        "style",
        "grid",
        "dummies",
        "centroid offset um",
        "as drawn um",
        "2nd order um2",
        "dispersion",
        "as drawn",
        "mismatch %",
        "same neighbours",
        "wires um",
        "report",
    )
    rows = []
    for name, case in cases.items():
        for style, found in case["styles"].items():
            paper, read_back = found["pattern"], found["drawn"]
            rows.append(
                (
                    name,
                    style.replace("_", " "),
                    f"{paper['rows']} x {paper['columns']}",
                    f"{paper['dummies']}",
                    f"{paper['offset']:.3f}",
                    f"{read_back['offset']:.3f}",
                    f"{paper['second_order']:.2f}",
                    f"{paper['dispersion_min']:.2f} to {paper['dispersion_max']:.2f}",
                    f"{read_back['dispersion_min']:.2f} to {read_back['dispersion_max']:.2f}",
                    f"{paper['mismatch_between']:.2f}",
                    f"{paper['own_min']:.2f} to {paper['own_max']:.2f}",
                    f"{paper['wire_length']:.0f}",
                    _verdict(read_back),
                )
            )
    return Table("Patterns, on paper and read from the drawn GDS", header, rows)


def _foreign_table(title: str, cells: Mapping[str, Any]) -> Table:
    header = (
        "cell",
        "asked for",
        "drawn",
        "centroids apart um",
        "dispersion",
        "report",
        "ours: drawn",
        "apart um",
        "dispersion",
        "report",
        "CPU s",
        "ours CPU s",
        "times slower",
    )
    rows = []
    for name, cell in cells.items():
        ours = cell.get("ours")
        asked = ":".join(map(str, cell["asked"])) if ours else ""
        time_columns = (
            f"{min(cell['seconds']):.2f}" if "seconds" in cell else "",
            f"{cell['ours_seconds']:.4f}" if ours else "",
            f"{cell['times_slower']:.0f}" if "times_slower" in cell else "",
        )
        groups = cell.get("groups") or [None]
        for group in groups:
            theirs = _short(group) if group else (cell.get("error", "its outputs share no gate"), "", "")
            verdicts = _verdict(cell), _verdict(ours) if ours else ""
            own = _short(ours) if ours else ("", "", "")
            rows.append((name, asked, *theirs, verdicts[0], *own, verdicts[1], *time_columns))
    return Table(f"{title}: read from its GDS, beside ours of the same units", header, rows)


def _short(group: Mapping[str, Any]) -> tuple[str, str, str]:
    units = ":".join(map(str, group["units"])) + (", two gates" if group["kind"] == "pair" else "")
    return units, f"{group['apart']:.3f}", f"{group['dispersion_min']:.2f} to {group['dispersion_max']:.2f}"


def _verdict(found: Mapping[str, Any]) -> str:
    """Passed, or the names of the checks that failed; nothing where nothing could be judged."""
    if "passed" not in found or not found.get("groups", True):
        return ""
    return "passed" if found["passed"] else ", ".join(sorted({error.partition(":")[0] for error in found["errors"]}))


def show(table: Table, console: Console) -> None:
    """Print a table for a terminal."""
    shown = RichTable(title=table.title, title_justify="left", title_style="bold")
    for number, head in enumerate(table.header):
        shown.add_column(head, justify="left" if number == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


def markdown(table: Table) -> str:
    """A table as Markdown."""
    lines = [table.header, ("---", *["--:"] * (len(table.header) - 1)), *table.rows]
    return f"### {table.title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is asked for."""
    cases = {name: CASES.get(name) or _ratios(name) for name in options.ratios or CASES}
    result: dict[str, Any] = {"cases": {}, "glayout": None, "align": None, "pictures": []}
    with tempfile.TemporaryDirectory(prefix="matching-") as name:
        folder = Path(name)
        for number, (case, ratios) in enumerate(cases.items()):
            result["cases"][case] = compare(ratios, folder / str(number))
        if options.glayout:
            result["glayout"] = {
                backend: glayout(options.glayout, folder / f"glayout_{backend}", backend)
                for backend in options.backends
            }
        if options.align:
            result["align"] = align(options.align, options.align_pdk.resolve(), folder / "align")
    if options.pictures:
        result["pictures"] = [str(path) for path in write_pictures(cases, options.pictures)]
    return result


def _ratios(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(":"))
    except ValueError:
        names = ", ".join(CASES)
        raise SpecError(f"--ratios {text}: whole numbers with colons between them, or one of {names}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description="How well arrays match: our patterns, others, other generators.")
    add = parser.add_argument
    add("--ratios", action="append", metavar="A:B:...", help="these alone; may be given again")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    add("--markdown", action="store_true", help="print the tables as Markdown")
    add("--pictures", type=Path, metavar="FOLDER", help="write pattern_<ratios>.svg there")
    add("--glayout", type=Path, metavar="PYTHON", help="interpreter of an environment with gLayout")
    add("--backends", nargs="+", default=["gdsfactory", "gdstk"], help="gLayout's back ends; the first is its default")
    add("--align", type=Path, metavar="PYTHON", help="interpreter of an environment with ALIGN")
    add("--align-pdk", type=Path, metavar="FOLDER", help="SKY130_PDK of ALIGN-pdk-sky130")
    options = parser.parse_args(arguments)
    if options.align and not options.align_pdk:
        parser.error("--align needs --align-pdk FOLDER")
    try:
        result = run(options)
    except MirrorneuronError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    console = Console(width=None if sys.stdout.isatty() else 200)
    for table in tables(result):
        if options.markdown:
            print(markdown(table))
        else:
            show(table, console)
    for option in ("glayout", "align"):
        if not result[option]:
            print(f"{option} is left out: no --{option} PYTHON given")
    return 0


if __name__ == "__main__":
    sys.exit(main())
