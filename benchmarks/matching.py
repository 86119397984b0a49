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
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from array_patterns.cases import CASES, compare
from array_patterns.generators import align, glayout
from array_patterns.pictures import write_pictures
from array_patterns.tables import markdown, show, tables
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError
from rich.console import Console


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The comparisons that the options select."""
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
