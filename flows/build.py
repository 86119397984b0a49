"""From a spec to its files: GDS, netlist, picture. All of them, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows.reports import picture
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.tools.folders import workspace
from mirrorneuron.generators import catalog
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

__all__ = ["Built", "build"]

_DBU_UM: Final = 0.001


@dataclass(frozen=True)
class Built:
    """The files of a cell, the area of its layout's bounding box [um2], and the checks made while it was drawn."""

    gds: Path
    spice: Path
    picture: Path
    area_um2: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def files(self) -> dict[str, str]:
        """The files by kind."""
        return {"gds": str(self.gds), "spice": str(self.spice), "picture": str(self.picture)}

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {"passed": self.passed, "checks": [check.as_json() for check in self.checks], "files": self.files()}


def build(spec: CellSpec, out: Path) -> Built:
    """Draw a cell and write ``out/<name>/<name>.gds``, ``.spice`` and ``.png``; the same bytes for the same spec.

    Raises
    ------
    FileError
        The folder cannot be made or written, or another run is at work in it; nothing has been written then.
    InputError
        The cell cannot be made from this spec, or its layout has not exactly one top cell, of the spec's name.
    """
    with workspace(spec.name, out) as folder:
        circuit = catalog.circuit_of(spec)
        layout: kdb.Layout = catalog.layout_of(spec)
        tops = [cell.name for cell in layout.top_cells()]
        if tops != [spec.name]:
            raise NetlistError(
                f"the layout of {spec.name} has the top cells {', '.join(tops) or 'none'}; one of its name is needed"
            )
        with _staged(folder, out) as staging:
            files = tuple(staging / f"{spec.name}.{ending}" for ending in ("gds", "spice", "png"))
            layout.write(str(files[0]), _save_options())
            files[1].write_text(circuit.to_spice(), encoding="utf-8")
            picture.draw(layout, files[2])
        gds, spice, image = (folder / path.name for path in files)
        box = layout.top_cell().dbbox()
        return Built(gds, spice, image, box.width() * box.height(), _checks(circuit.pins, layout))


@contextmanager
def _staged(folder: Path, out: Path) -> Iterator[Path]:
    """A folder whose files move to `folder` when all are written, and disappear if one cannot be."""
    staging = folder / f".build.{os.getpid()}"
    try:
        staging.mkdir(exist_ok=True)
        yield staging
        for path in sorted(staging.iterdir()):
            path.replace(folder / path.name)
    except (OSError, RuntimeError) as error:
        raise FileError(f"--out {out}: cannot write in {folder} ({error}). Choose another folder.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _checks(pins: tuple[str, ...], layout: kdb.Layout) -> tuple[Check, ...]:
    drawn = _drawn_pins(layout)
    differences = {"not drawn": set(pins) - drawn, "not in the netlist": drawn - set(pins)}
    detail = "; ".join(f"{where}: {', '.join(sorted(names))}" for where, names in differences.items() if names)
    return (
        Check("build", "database unit", layout.dbu == _DBU_UM, layout.dbu, _DBU_UM, "um"),
        Check("build", "pins drawn as the netlist has them", not detail, len(drawn), len(pins), detail=detail),
    )


def _drawn_pins(layout: kdb.Layout) -> set[str]:
    """Names with text on the pin purpose and on the label purpose of a layer, and a pin shape under it."""
    names: set[str] = set()
    cell = layout.top_cell()
    for layers in PIN_LAYERS.values():
        pin, label = (layout.find_layer(*pair) for pair in (layers.pin, layers.label))
        if pin is None or label is None:
            continue
        labelled = {shape.text_string for shape in cell.shapes(label).each(kdb.Shapes.STexts)}
        shapes = kdb.Region(cell.begin_shapes_rec(pin))
        for shape in cell.shapes(pin).each(kdb.Shapes.STexts):
            at = shape.text_pos
            spot = kdb.Region(kdb.Box(at.x - 1, at.y - 1, at.x + 1, at.y + 1))
            if shape.text_string in labelled and not (shapes & spot).is_empty():
                names.add(shape.text_string)
    return names


def _save_options() -> kdb.SaveLayoutOptions:
    """GDS with the same bytes each time, readable by KLayout 0.28."""
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.gds2_write_timestamps = False
    options.write_context_info = False
    return options
