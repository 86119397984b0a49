"""Other generators: their mirrors drawn in environments of their own, read by our matching report, and timed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, MissingToolError, ToolFailedError

from array_patterns.cases import array, drawn, read

__all__ = ["align", "glayout"]

_REPEATS: Final = 3
_TIMEOUT_S: Final = 1800
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
    """GLayout's mirrors with unit transistors of W = 2 um and L = 1 um, drawn by a back end of it, beside ours."""
    folder.mkdir(parents=True)
    variables = {"PDK_ROOT": str(install.locate().root), "GLAYOUT_BACKEND": backend}
    result = _foreign(python, _GLAYOUT, [folder, 2], folder, variables)
    if result["backend"] != backend:
        raise EvidenceError(f"{python} drew with the back end {result['backend']} instead of {backend}")
    for name, cell in result["cells"].items():
        if "error" not in cell:
            cell |= read(folder / f"{name}.gds")
        if name in _GLAYOUT_UNITS:
            _beside(cell, array(_GLAYOUT_UNITS[name], w=2, l=1, fingers=1), folder / f"ours_{name}")
    return result


def align(python: Path, pdk: Path, folder: Path) -> dict[str, Any]:
    """ALIGN's mirrors for `_ALIGN_RATIOS`, compared with the netlists that it was given, beside ours."""
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
    result = _foreign(python, _ALIGN, [out, netlists, pdk, *_ALIGN_RATIOS], out, {})
    for name, cell in result["cells"].items():
        if "error" not in cell:
            (gds,) = (out / name).glob("*_0.gds")
            cell |= read(gds, netlists / f"{name}.spice")
        _beside(cell, array(_ALIGN_RATIOS[name], **_ALIGN_UNIT), folder / f"ours_{name}")
    return result


def _mirror(name: str, letter: str, ratios: Sequence[int], width: str) -> str:
    """A mirror as SPICE, d0 on the gates; W and L in metres."""
    device = f"sky130_fd_pr__nfet_01v8 w={width} l=1.5e-07 nf=2"
    cards = [f"{letter}{i} d{i} d0 vss vss {device} m={units}" for i, units in enumerate(ratios)]
    pins = " ".join(f"d{i}" for i in range(len(ratios)))
    return "\n".join([f".subckt {name} {pins} vss", *cards, f".ends {name}", ""])


def _foreign(
    python: Path, script: str, arguments: Sequence[object], out: Path, env: Mapping[str, str]
) -> dict[str, Any]:
    """Run a script in another environment's interpreter; it leaves its result in ``out/found.json``."""
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
    result: dict[str, Any] = json.loads((out / "found.json").read_text(encoding="utf-8"))
    return result


def _beside(cell: dict[str, Any], spec: MatchedArraySpec, folder: Path) -> None:
    """Add to a foreign cell the report of our cell of the same units, and the ratio of the times."""
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
