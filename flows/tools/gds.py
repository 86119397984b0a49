"""Reading a layout of any origin: GDS or OASIS, gzipped or not, its top cell, and copies for the tools."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["PlainGds", "flatten", "plain_copy", "read", "rename", "stem", "top_cell"]

# Record 0x0002, HEADER, opens every GDS II stream; its length (6) stands before it.
_GDS = b"\x00\x06\x00\x02"
_OASIS = b"%SEMI-OASIS\r\n"
_GZIP = b"\x1f\x8b"
_NAMES_SHOWN = 12
_TEXT: Final = re.compile(rb"[\t\n\r -~\x80-\xff]+")

UNPACKED_MAX_BYTES: Final = 4_000_000_000
"""Largest size of a gzipped layout once it is unpacked."""

NAME_LENGTH_MAX: Final = 100
_PLAIN_NAME: Final = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{NAME_LENGTH_MAX - 1}}}")
"""Cell names that mean the same to every tool: none of them quotes, cuts or rewrites such a name."""


@dataclass(frozen=True)
class PlainGds:
    """A GDS for the tools: the file, its top cell, and the names of the cells that had to be renamed.

    ``renamed`` has each new name with the one that the cell has in the layout.
    """

    path: Path
    top: str
    renamed: Mapping[str, str]


def stem(path: Path) -> str:
    """The name of a layout's file without its endings: ``cell`` of ``cell.gds`` and of ``cell.gds.gz``."""
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def read(path: Path) -> kdb.Layout:
    """The layout in a GDS or OASIS file, which may be gzipped.

    Raises
    ------
    FileError
        There is no such file, it is neither GDS nor OASIS, it is damaged, or it unpacks to more than
        `UNPACKED_MAX_BYTES`.
    """
    if not path.is_file():
        raise FileError(f"{path} is no file. Give the path of a GDS or OASIS file.")
    layout, start = kdb.Layout(), b""
    try:
        start = _start(path)
        if not start.startswith((_GDS, _OASIS)):
            raise FileError(f"{path} is not a GDS file ({_other_kind(start)}")
        layout.read(str(path))
    except (OSError, RuntimeError) as error:
        kind = "OASIS" if start.startswith(_OASIS) else "GDS"
        raise FileError(f"{path} cannot be read as {kind}: {error}. Write it again.") from error
    return layout


def _start(path: Path) -> bytes:
    """The first bytes of a file, unpacked; a gzipped one is read to its end to know that it is whole and not too large.

    What KLayout cannot unpack it would take for an empty layout or for bytes of a GDS.
    """
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start.startswith(_GZIP):
        return start
    start, size = b"", 0
    try:
        with gzip.open(path) as packed:
            while block := packed.read(1 << 20):
                start = start or block[:64]
                size += len(block)
                if size > UNPACKED_MAX_BYTES:
                    raise FileError(f"{path} unpacks to more than {UNPACKED_MAX_BYTES / 1e9:g} GB. Unpack it.")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"{path} is not a GDS file (its gzip is damaged: {error}). Pack it again.") from error
    return start


def _other_kind(start: bytes) -> str:
    """What a file is that begins so, if it is no layout; the end of a message."""
    if _TEXT.fullmatch(start):
        return "it is a text, such as a netlist). The layout is the first argument, a netlist the second."
    return "it begins with no header of GDS or OASIS). Export it as GDS II."


def top_cell(layout: kdb.Layout, path: Path, name: str | None = None) -> kdb.Cell:
    """The cell called `name`, or without a name the only top cell that is not empty.

    Raises
    ------
    NetlistError
        There is no such cell, or no top cell, or several without a name to choose by, or the cell holds no shape; the
        message lists names.
    """
    tops = [cell for cell in layout.top_cells() if not cell.bbox().empty()] or list(layout.top_cells())
    names = sorted(cell.name for cell in tops)
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(tops) > _NAMES_SHOWN else "")
    if not tops:
        raise NetlistError(f"{path} holds no cell. Write a layout with a top cell.")
    if name is None:
        if len(tops) > 1:
            raise NetlistError(f"{path} has {len(tops)} top cells: {shown}. Name one of them with --top.")
        name = names[0]
    cell = layout.cell(name)
    if cell is None:
        raise NetlistError(f"{path} has no cell {name}; its top cells are: {shown}.")
    if cell.bbox().empty():
        raise NetlistError(f"cell {name} of {path} is empty. Draw something in it, or name another cell.")
    return cell


def plain_copy(layout: kdb.Layout, cell: kdb.Cell, path: Path) -> PlainGds:
    """Write a cell and all that it calls to `path` as a GDS that every tool reads alike; `layout` is left as it is.

    The copy has no metadata (KLayout 0.28 stops on those of gdsfactory), no other top cells, no compression, and only
    cell names of letters, digits and underscores: Magic takes ``top[1]`` for another cell, an empty one. Paths whose
    ends are neither flush nor half a width long are polygons, since the tools do not agree on them.
    """
    copy, top = _copy(layout, cell)
    for index in top.called_cells():
        _replace_paths(copy.cell(index), all_of_them=False)
    _replace_paths(top, all_of_them=False)
    renamed = _rename(copy)
    path.parent.mkdir(parents=True, exist_ok=True)
    copy.write(str(path), _options())
    return PlainGds(path, top.name, renamed)


def _copy(layout: kdb.Layout, cell: kdb.Cell) -> tuple[kdb.Layout, kdb.Cell]:
    copy = kdb.Layout()
    copy.dbu = layout.dbu
    top = copy.create_cell(cell.name)
    top.copy_tree(cell)
    return copy, top


def _rename(layout: kdb.Layout) -> dict[str, str]:
    """Give plain names to cells that have others, or that differ from another in case alone; the changes."""
    used: set[str] = set()
    odd: list[kdb.Cell] = []
    for cell in sorted(layout.each_cell(), key=lambda cell: cell.name):
        if _PLAIN_NAME.fullmatch(cell.name) and cell.name.lower() not in used:
            used.add(cell.name.lower())
        else:
            odd.append(cell)
    renamed = {}
    for cell, name in zip(odd, _free_names(used), strict=False):
        renamed[name] = cell.name
        layout.rename_cell(cell.cell_index(), name)
    return renamed


def _free_names(used: set[str]) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if f"cell_{number}" not in used:
            yield f"cell_{number}"


def _replace_paths(cell: kdb.Cell, *, all_of_them: bool) -> None:
    """Put polygons in the place of paths with odd ends, or of all paths, as KLayout sees them."""
    for layer in cell.layout().layer_indexes():
        shapes = cell.shapes(layer)
        for shape in [s for s in shapes.each(kdb.Shapes.SPaths) if all_of_them or _has_odd_ends(s.path)]:
            polygon = shape.path.polygon()
            shapes.erase(shape)
            if polygon.area():
                shapes.insert(polygon)


def _has_odd_ends(path: kdb.Path) -> bool:
    """Whether a path has an extent and ends that are round, pulled in, or of any other length than half its width."""
    if path.num_points() < 2:
        return False
    return path.is_round() or not {path.bgn_ext, path.end_ext} <= {0, path.width // 2, (path.width + 1) // 2}


def flatten(
    layout: kdb.Layout, cell: kdb.Cell, path: Path, *, name: str, extra: Mapping[Layer, kdb.Region] | None = None
) -> None:
    """Write a cell to `path` as a GDS with one flat cell called `name`, and `extra` shapes; `layout` is left as it is.

    Texts of the cells below are dropped: a net's name there is not its name above. Paths are polygons, as KLayout sees
    them.
    """
    flat, copy = _copy(layout, cell)
    copy.name = name
    for index in copy.called_cells():
        for layer in flat.layer_indexes():
            shapes = flat.cell(index).shapes(layer)
            for text in list(shapes.each(kdb.Shapes.STexts)):
                shapes.erase(text)
    copy.flatten(True)
    _replace_paths(copy, all_of_them=True)
    for pair, region in (extra or {}).items():
        copy.shapes(flat.layer(pair.layer, pair.datatype)).insert(region)
    flat.write(str(path), _options())


def rename(layout: kdb.Layout, cell: kdb.Cell, path: Path, *, name: str) -> None:
    """Write a cell and all below it to `path` as a GDS whose top cell is called `name`; `layout` is left as it is."""
    copy, top = _copy(layout, cell)
    top.name = name
    copy.write(str(path), _options())


def _options() -> kdb.SaveLayoutOptions:
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.write_context_info = False
    options.gds2_write_timestamps = False
    return options
