"""How drawing a layer's weights grows: CPU time, GDS size, memory, from 8 x 4 to 64 x 16 weights of -15 to 15.

    .venv/bin/python benchmarks/scale.py [--json]

Each size is drawn in a process of its own, which tells the most memory it had. Imports are not counted in the time.
The exponent is that of the growth since the smallest size: cost ~ weights ** exponent.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mirrorneuron.generators import catalog
from rich.console import Console
from rich.table import Table

SIZES = ((8, 4), (16, 8), (32, 16), (64, 16))
SEED = 1
GROWTH_MAX = 1.2


def measure(inputs: int, neurons: int) -> dict[str, float]:
    """Draw a layer and write it."""
    draw = random.Random(SEED)
    weights = [[draw.randint(-15, 15) for _ in range(neurons)] for _ in range(inputs)]
    catalog.layout_of(catalog.load("synapse_array"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    layout = catalog.layout_of(catalog.load("synapse_array", [f"weights={weights}"]))
    drawn = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        gds = Path(folder) / "layer.gds"
        layout.write(str(gds))
        size = gds.stat().st_size
    written = time.process_time()
    box = layout.top_cell().dbbox()
    return {
        "inputs": inputs,
        "neurons": neurons,
        "weights": inputs * neurons,
        "units": sum(abs(weight) for row in weights for weight in row) + 2 * inputs,
        "seconds": drawn - started,
        "write_seconds": written - drawn,
        "gds_bytes": size,
        "memory_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "width_um": box.width(),
        "height_um": box.height(),
    }


def exponent(first: dict[str, Any], last: dict[str, Any], key: str) -> float:
    """Growth of a cost with the number of weights."""
    return math.log(last[key] / first[key]) / math.log(last["weights"] / first["weights"])


def main() -> None:
    """Print the table, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--one", nargs=2, type=int, metavar=("INPUTS", "NEURONS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(*chosen.one)))
        return
    found = []
    for inputs, neurons in SIZES:
        command = [sys.executable, __file__, "--one", str(inputs), str(neurons)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    growth = {key: exponent(found[0], found[-1], key) for key in ("seconds", "gds_bytes")}
    if chosen.json:
        print(json.dumps({"sizes": found, "exponents": growth, "limit": GROWTH_MAX}, indent=2))
        return
    table = Table(title="a layer's weights, drawn")
    for head in ("layer", "units", "draw s", "write s", "GDS kB", "memory MB", "size um", "time ~ n^", "GDS ~ n^"):
        table.add_column(head, justify="right")
    for row in found:
        later = row is not found[0]
        table.add_row(
            f"{row['inputs']} x {row['neurons']}",
            f"{row['units']}",
            f"{row['seconds']:.2f}",
            f"{row['write_seconds']:.3f}",
            f"{row['gds_bytes'] / 1e3:.0f}",
            f"{row['memory_mb']:.1f}",
            f"{row['width_um']:.0f} x {row['height_um']:.0f}",
            f"{exponent(found[0], row, 'seconds'):.2f}" if later else "",
            f"{exponent(found[0], row, 'gds_bytes'):.2f}" if later else "",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
