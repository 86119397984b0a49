"""Reading a layout of any origin: GDS or OASIS, and its top cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["as_gds", "flatten", "read", "rename", "top_cell"]

# Record 0x0002, HEADER, opens every GDS II stream; its length (6) stands before it.
_GDS = b"\x00\x06\x00\x02"
_OASIS = b"%SEMI-OASIS\r\n"
_NAMES_SHOWN = 12


def read(path: Path) -> kdb.Layout:
    """The layout in a GDS or OASIS file.

    Raises
    ------
    FileError
        There is no such file, it is neither GDS nor OASIS (a compressed file is neither), or it is damaged.
    """
    if not path.is_file():
        raise FileError(f"{path} is no file. Give the path of a GDS or OASIS file.")
    layout, start = kdb.Layout(), b""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_OASIS))
        if not start.startswith((_GDS, _OASIS)):
            raise FileError(
                f"{path} is not a GDS file (it begins with no header of GDS or OASIS). Export it as plain GDS II."
            )
        layout.read(str(path))
    except (OSError, RuntimeError) as error:
        kind = "OASIS" if start == _OASIS else "GDS"
        raise FileError(f"{path} cannot be read as {kind}: {error}. Write it again.") from error
    return layout


def as_gds(path: Path, layout: kdb.Layout, work: Path) -> Path:
    """The path of a GDS: the file itself, or a copy in `work` of an OASIS file, which Magic cannot read."""
    with path.open("rb") as stream:
        if stream.read(len(_GDS)) == _GDS:
            return path.resolve()
    copy = work.resolve() / f"{path.stem}.gds"
    layout.write(str(copy), _options())
    return copy


def top_cell(layout: kdb.Layout, path: Path, name: str | None = None) -> kdb.Cell:
    """The cell called `name`, or without a name the only top cell.

    Raises
    ------
    NetlistError
        There is no such cell, or no top cell, or several without a name to choose by, or the cell holds no shape; the
        message lists names.
    """
    tops = [cell.name for cell in layout.top_cells()]
    shown = ", ".join(sorted(tops)[:_NAMES_SHOWN]) + (", …" if len(tops) > _NAMES_SHOWN else "")
    if not tops:
        raise NetlistError(f"{path} holds no cell. Write a layout with a top cell.")
    if name is None:
        if len(tops) > 1:
            raise NetlistError(f"{path} has {len(tops)} top cells: {shown}. Name one of them with --top.")
        name = tops[0]
    cell = layout.cell(name)
    if cell is None:
        raise NetlistError(f"{path} has no cell {name}; its top cells are: {shown}.")
    if cell.bbox().empty():
        raise NetlistError(f"cell {name} of {path} is empty. Draw something in it, or name another cell.")
    return cell


def flatten(
    layout: kdb.Layout, cell: kdb.Cell, path: Path, *, name: str, extra: Mapping[Layer, kdb.Region] | None = None
) -> None:
    """Write a cell to `path` as a GDS with one flat cell called `name`, and `extra` shapes; `layout` is left as it is.

    Texts of the cells below are dropped: a net's name there is not its name above.
    """
    flat = kdb.Layout()
    flat.dbu = layout.dbu
    copy = flat.create_cell(name)
    copy.copy_tree(cell)
    for index in copy.called_cells():
        for layer in flat.layer_indexes():
            shapes = flat.cell(index).shapes(layer)
            for text in list(shapes.each(kdb.Shapes.STexts)):
                shapes.erase(text)
    copy.flatten(True)
    for pair, region in (extra or {}).items():
        copy.shapes(flat.layer(pair.layer, pair.datatype)).insert(region)
    flat.write(str(path), _options())


def rename(layout: kdb.Layout, cell: kdb.Cell, path: Path, *, name: str) -> None:
    """Write a cell and all below it to `path` as a GDS whose top cell is called `name`; `layout` is left as it is."""
    copy = kdb.Layout()
    copy.dbu = layout.dbu
    copy.create_cell(name).copy_tree(cell)
    copy.write(str(path), _options())


def _options() -> kdb.SaveLayoutOptions:
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.write_context_info = False
    options.gds2_write_timestamps = False
    return options
