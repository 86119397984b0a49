"""What the shuttles' prechecks ask of a layout besides design rules, each a check by the name that its profile gives.

Two kinds: checks of any layout, and checks of a whole chip or tile, which do not apply to a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import Violation
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["CHECKS", "check", "drawn_layers", "unknown_layers"]

_BOUNDARY: Final = layers.DRAWING["prbndry"]
_FORBIDDEN_CHARACTERS: Final = "#/"
_CLEAR: Final = {"li1": 0.40, "met1": 0.40, "met2": 0.40, "met3": 0.40, "met4": 0.40, "met5": 0.24}
"""Least part of a chip that a layer leaves free, its fill included (ChipFoundry's met_min_ca_density)."""
_NO_METAL: Final = {5, 10, 44}
"""Datatypes of a wire's layer that its density leaves out: label, block, cut."""

_Check = Callable[[DeckJob, Hierarchy], Iterator[Violation]]


def check(job: DeckJob, hierarchy: Hierarchy) -> Findings:
    """The checks of a profile's precheck.

    Returns
    -------
    Findings
        A rule for each check; those of a whole chip are not applicable to a top cell of another name.
    """
    profile, top = job.profile, hierarchy.top.name
    whole = any(fnmatchcase(top, pattern) for pattern in profile.chips)
    reason = f"{top} is a part; whole designs are called {' or '.join(profile.chips)}"
    names = (*profile.precheck, *(profile.chip_checks if whole else ()))
    violations = [violation for name in names for violation in CHECKS[name](job, hierarchy)]
    skipped = {} if whole else dict.fromkeys(profile.chip_checks, reason)
    return Findings(len(profile.precheck) + len(profile.chip_checks), violations, skipped)


def drawn_layers(hierarchy: Hierarchy) -> Mapping[Layer, kdb.DBox]:
    """The layers with shapes or labels in the top cell, and the box [um] around them."""
    layout, drawn = hierarchy.layout, {}
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        if not hierarchy.top.begin_shapes_rec(index).at_end():
            drawn[Layer(info.layer, info.datatype)] = hierarchy.top.dbbox(index)
    return dict(sorted(drawn.items()))


def unknown_layers(hierarchy: Hierarchy) -> list[Layer]:
    """The layers drawn that the process does not know."""
    return [layer for layer in drawn_layers(hierarchy) if layer not in layers.KNOWN]


def _layers(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    accepted = layers.ACCEPTED[job.profile.name]
    for layer, box in drawn_layers(hierarchy).items():
        if layer not in accepted:
            yield _whole(job, "layers", f"layer {_pair(layer)} is not one that the shuttle takes", box)


def _forbidden_layers(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    for forbidden in job.profile.forbidden:
        if fnmatchcase(hierarchy.top.name, forbidden.cells):
            for layer, box in drawn_layers(hierarchy).items():
                if layer in forbidden.layers:
                    yield _whole(job, "forbidden_layers", f"layer {_pair(layer)} belongs to the shuttle", box)


def _cell_names(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    for cell in hierarchy.cells():
        bad = [each for each in _FORBIDDEN_CHARACTERS if each in cell.name]
        if bad:
            text = f"the cell name {cell.name} holds {' and '.join(bad)}"
            yield job.marker("precheck", "cell_names", text, cell.name, cell.dbbox())


def _urpm_nwell(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    """As the shuttle measures it: spacing alone, so that an overlap is no violation. Our deck asks for more."""
    dbu = hierarchy.layout.dbu
    nwell, urpm = (_region(hierarchy, layer) for layer in (layers.NWELL, layers.URPM))
    space = nm("urpm.nwell")
    for pair in nwell.separation_check(urpm, round(space / 1000 / dbu), metrics=kdb.Metrics.Euclidian).each():
        text = f"spacing of urpm to n-well: {space / 1000:g} um"
        yield _whole(job, "urpm_nwell", text, pair.bbox().to_dtype(dbu))


def _path_spikes(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    for cell in hierarchy.cells():
        for layer in hierarchy.layout.layer_indexes():
            for shape in cell.shapes(layer).each(kdb.Shapes.SPaths):
                if any(_turns_back(*edges) for edges in pairwise(_edges(shape))):
                    text = "a path turns back by more than 90 degrees"
                    yield job.marker("precheck", "path_spikes", text, cell.name, shape.dbbox())


def _edges(path: kdb.Shape) -> Iterator[kdb.Vector]:
    return (after - before for before, after in pairwise(path.each_point()) if after != before)


def _turns_back(first: kdb.Vector, second: kdb.Vector) -> bool:
    return first.sprod(second) < 0


def _one_top_cell(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    tops = sorted(cell.name for cell in hierarchy.layout.top_cells())
    if len(tops) > 1:
        text = f"the file has {len(tops)} top cells ({', '.join(tops[:5])}); the shuttle takes one"
        yield _whole(job, "one_top_cell", text, hierarchy.top.dbbox())


def _boundary(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    # Labels may lie anywhere.
    boundary, drawn = _extent(hierarchy, _BOUNDARY), _extent(hierarchy, *drawn_layers(hierarchy))
    if boundary.empty():
        yield _whole(job, "boundary", f"no boundary is drawn (prBoundary, {_pair(_BOUNDARY)})", drawn)
    elif boundary != drawn:
        text = f"shapes outside the boundary {boundary.to_s()}; all shapes together reach over {drawn.to_s()} um"
        yield _whole(job, "boundary", text, drawn)


def _clear_area(job: DeckJob, hierarchy: Hierarchy) -> Iterator[Violation]:
    area = _region(hierarchy, _BOUNDARY).area()
    if not area:
        yield _whole(job, "clear_area", f"no boundary is drawn (prBoundary, {_pair(_BOUNDARY)})", hierarchy.top.dbbox())
        return
    for name, least in _CLEAR.items():
        number, fill = layers.DRAWING[name].layer, layers.FILL[name]
        parts = [layer for layer in drawn_layers(hierarchy) if layer == fill or _is_metal(layer, number)]
        clear = 1 - _region(hierarchy, *parts).area() / area
        if clear < least:
            text = f"clear area of {name} is {100 * clear:.1f} %; the least is {100 * least:g} %"
            yield _whole(job, "clear_area", text, hierarchy.top.dbbox())


def _is_metal(layer: Layer, number: int) -> bool:
    return layer.layer == number and layer.datatype not in _NO_METAL


def _region(hierarchy: Hierarchy, *drawn: Layer) -> kdb.Region:
    """All shapes of some layers, merged; flat."""
    region = kdb.Region()
    for layer in drawn:
        index = hierarchy.layout.find_layer(*layer)
        if index is not None:
            region += kdb.Region(hierarchy.top.begin_shapes_rec(index))
    return region.merged()


def _extent(hierarchy: Hierarchy, *drawn: Layer) -> kdb.DBox:
    """The box [um] around all shapes of some layers."""
    return _region(hierarchy, *drawn).bbox().to_dtype(hierarchy.layout.dbu)


def _whole(job: DeckJob, rule: str, text: str, box: kdb.DBox) -> Violation:
    top = job.hierarchy.top.name if job.hierarchy else job.top
    return job.marker("precheck", rule, text, top, box)


def _pair(layer: Layer) -> str:
    return f"{layer.layer}/{layer.datatype}"


CHECKS: Final[Mapping[str, _Check]] = {
    "layers": _layers,
    "forbidden_layers": _forbidden_layers,
    "cell_names": _cell_names,
    "urpm_nwell": _urpm_nwell,
    "path_spikes": _path_spikes,
    "one_top_cell": _one_top_cell,
    "boundary": _boundary,
    "clear_area": _clear_area,
}
"""By the names that profiles call them."""
