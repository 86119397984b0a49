"""How the extraction's capacitances agree with a newer Magic's, and what it costs.

    .venv/bin/python benchmarks/extract.py --reference MAGIC [--every N]   writes tests/extract/reference.csv
    .venv/bin/python benchmarks/extract.py [--every N] [--json]            the standard cells against that file
    .venv/bin/python benchmarks/extract.py --layers [--json]               time and memory of layers of synapses

The reference is the sum of all capacitors of a net as a Magic that takes the official technology file as it is writes
them in its ``.ext`` file. Not ``ext2spice``'s: that hands a gate's capacitance to the substrate on to source and drain.
Bulk nets are left out (half of them is junction), and nets of less than 0.3 fF.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from mirrorneuron.flows import extract, tools
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

REFERENCE = Path(__file__).parents[1] / "tests" / "extract" / "reference.csv"
BULKS = {"VNB", "VPB", "k"}
PREFIX = "sky130_fd_sc_hd__"
LEAST_FF = 0.3
# Inputs and neurons of the layers.
LAYERS = ((8, 4), (16, 8), (32, 16), (64, 20))


def cells(every: int) -> Iterator[tuple[str, Path]]:
    """Name and GDS of every so-manieth standard cell."""
    folder = install.locate().sc_hd
    if folder is None:
        raise SystemExit("the PDK has no standard cells in the foundry's layout")
    for path in sorted(folder.glob("*/*.gds"))[::every]:
        yield path.stem.removeprefix(PREFIX), path


def sums(gds: Path) -> dict[str, float]:
    """Capacitance [fF] of each net of a layout."""
    found: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        result = extract.run(gds, out=Path(folder) / "x.spice", work=Path(folder) / "work")
        for line in result.pex.read_text().splitlines():
            if line.startswith("C"):
                _, one, other, value = line.split()
                for net in (one, other):
                    found[net] += float(value) * 1e15
    return found


def write_reference(program: str, every: int) -> None:
    """Extract the cells with another Magic and write what it finds."""
    os.environ[tools.TOOLS["magic"].variable] = program
    rows = []
    for name, gds in cells(every):
        try:
            found = sums(gds)
        except MirrorneuronError:  # fillers and taps have no device
            continue
        rows += [(name, net, f"{value:.4f}") for net, value in sorted(found.items())]
    rows = [row for row in rows if float(row[2]) > LEAST_FF and row[1] not in BULKS]
    with REFERENCE.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("cell", "net", f"fF by magic {tools.version('magic')}"))
        writer.writerows(rows)


def against_reference(every: int) -> dict[str, Any]:
    """Ratio to the reference, net by net."""
    known: dict[str, dict[str, float]] = defaultdict(dict)
    with REFERENCE.open(newline="") as stream:
        for cell, net, value in list(csv.reader(stream))[1:]:
            known[cell][net] = float(value)
    ratios: dict[str, list[float]] = {"signals": [], "rails": []}
    for name, gds in cells(every):
        if name in known:
            found = sums(gds)
            for net, value in known[name].items():
                ratios["rails" if "GND" in net or "PWR" in net else "signals"].append(found[net] / value)
    percentiles = (0, 10, 50, 90, 100)
    return {
        kind: {"nets": len(values)}
        | {f"p{p}": round(float(v), 4) for p, v in zip(percentiles, np.percentile(values, percentiles), strict=True)}
        for kind, values in ratios.items()
        if values
    }


def measure(inputs: int, neurons: int) -> dict[str, Any]:
    """Extract a layer of synapses."""
    draw = random.Random(1)
    weights = [[draw.randint(-15, 15) for _ in range(neurons)] for _ in range(inputs)]
    layout = catalog.layout_of(catalog.load("synapse_array", [f"weights={weights}"]))
    with tempfile.TemporaryDirectory() as folder:
        gds = Path(folder) / "layer.gds"
        layout.write(str(gds))
        started, cpu = time.monotonic(), time.process_time()
        result = extract.run(gds, out=Path(folder) / "x.spice", work=Path(folder) / "work")
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "layer": f"{inputs} x {neurons}",
        "units": sum(abs(weight) for row in weights for weight in row) + 2 * inputs,
        "devices": result.devices,
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "magic_cpu_seconds": round(usage[1].ru_utime + usage[1].ru_stime, 1),
        "memory_mb": round(usage[0].ru_maxrss / 1024),
        "magic_memory_mb": round(usage[1].ru_maxrss / 1024),
    }


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", metavar="MAGIC", help="write the reference with this Magic")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth cell")
    parser.add_argument("--layers", action="store_true", help="time and memory of layers")
    parser.add_argument("--json", action="store_true", help="JSON")
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.reference:
        write_reference(chosen.reference, chosen.every)
        return
    if chosen.one:
        print(json.dumps(measure(*chosen.one)))
        return
    found: Any
    if chosen.layers:
        # A process of its own for each: its memory is its own.
        calls = [[sys.executable, __file__, "--one", *map(str, size)] for size in LAYERS]
        found = [json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout) for call in calls]
    else:
        found = against_reference(chosen.every)
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    for row in found if isinstance(found, list) else [{"": kind, **numbers} for kind, numbers in found.items()]:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
