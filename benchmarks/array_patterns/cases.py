"""The compared arrays: the figures of a pattern on paper, and of its layout as the matching report reads it."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows import matching
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.sizing import drawn_pitch, size_array
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.placement import STYLES, metrics
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["CASES", "OURS", "array", "compare", "drawn", "read", "styles_of"]

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
"""The compared ratios; 1:1 and 1:1:1:1 are doubled too, as two single units cannot share a centroid."""
OURS: Final = "common_centroid"


def array(ratios: Sequence[int], **fields: object) -> MatchedArraySpec:
    """The cell `matched_array` with these ratios and its other fields by default."""
    spec = catalog.load(
        "matched_array", [f"ratios={list(ratios)}", *(f"{name}={value}" for name, value in fields.items())]
    )
    assert isinstance(spec, MatchedArraySpec)
    return spec


def styles_of(ratios: Sequence[int]) -> dict[str, MatchedArraySpec]:
    """An array with these ratios in each style, all with the number of rows of our pattern."""
    ours = array(ratios)
    rows = len(size_array(ours).pattern.rows) - 2 * ours.dummy_rows
    return {style: ours if style == OURS else array(ratios, pattern=style, rows=rows) for style in STYLES}


def compare(ratios: Sequence[int], folder: Path) -> dict[str, Any]:
    """All styles for some ratios: the figures of the pattern, and of the layout as the matching report reads it."""
    specs = styles_of(ratios)
    ours, (width, height) = size_array(specs[OURS]).pattern, drawn_pitch(specs[OURS])
    # One correlation length for all styles, or their mismatch could not be compared.
    length = hypot(ours.columns * width, len(ours.rows) * height)
    styles = {}
    for style, spec in specs.items():
        pattern, pitch = size_array(spec).pattern, drawn_pitch(spec)
        styles[style] = {
            "pitch": list(pitch),
            "pattern": metrics.summary(pattern, pitch, length).as_json(),
            "drawn": drawn(spec, folder / style),
        }
    rows = len(ours.rows) - 2 * specs[OURS].dummy_rows
    return {"ratios": list(ratios), "rows": rows, "styles": styles}


def drawn(spec: MatchedArraySpec, folder: Path) -> dict[str, Any]:
    """The matching report of a matched array's layout, compared with its netlist.

    Raises
    ------
    EvidenceError
        The report holds not just one group.
    """
    folder.mkdir(parents=True, exist_ok=True)
    gds, netlist = folder / f"{spec.name}.gds", folder / f"{spec.name}.spice"
    catalog.layout_of(spec).write(str(gds))
    netlist.write_text(catalog.circuit_of(spec).to_spice(), encoding="utf-8")
    report = read(gds, netlist)
    if len(report["groups"]) != 1:
        raise EvidenceError(f"the matching report finds {len(report['groups'])} groups in {gds}: one is drawn")
    (group,) = report["groups"]
    return {"passed": report["passed"], "errors": report["errors"], **group}


def read(gds: Path, netlist: Path | None = None) -> dict[str, Any]:
    """The matching report of a layout: the verdict, its errors, and the groups with two outputs or more."""
    report = matching.run(gds, netlist)
    groups = [_group(group) for group in report.groups if len(group.outputs) > 1]
    return {"passed": report.passed, "errors": list(report.errors), "groups": groups}


def _group(group: matching.GroupReport) -> dict[str, Any]:
    """A group in short; lengths in um, ``apart``: between the two centroids that are furthest apart."""
    outputs, dispersions = group.outputs, [output.dispersion for output in group.outputs]
    return {
        "gate": group.gate,
        "kind": group.kind,
        "w": group.w,
        "l": group.l,
        "units": [output.units for output in outputs],
        "offset": max(output.offset for output in outputs),
        "apart": max(hypot(a.x - b.x, a.y - b.y) for a in outputs for b in outputs),
        "dispersion_min": min(dispersions),
        "dispersion_max": max(dispersions),
    }
