"""Reading a layout of any origin: GDS or OASIS, and its top cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["ToolGds", "flatten", "for_tools", "read", "top_cell"]

# Record 0x0002, HEADER, opens every GDS II stream; its length (6) stands before it.
_GDS = b"\x00\x06\x00\x02"
_OASIS = b"%SEMI-OASIS\r\n"
# The cell in which KLayout writes what GDS has no record for. KLayout 0.28 stops on newer kinds of it.
_METADATA = b"$$$CONTEXT_INFO$$$"
# Names that every program takes: Tcl and Magic's search paths give other characters a meaning of their own.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,99}")
_NAMES_SHOWN = 12


@dataclass(frozen=True)
class ToolGds:
    """A GDS that every program reads.

    Attributes
    ----------
    top
        What the top cell is called in it.
    names
        The cells that are called otherwise in it: the layout's names by those in the file.
    """

    path: Path
    top: str
    names: Mapping[str, str] = field(default_factory=dict)


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


def for_tools(path: Path, layout: kdb.Layout, cell: kdb.Cell, work: Path) -> ToolGds:
    """The file itself if every program takes it, or a copy in `work` that says the same.

    Copied are OASIS files, which Magic cannot read, GDS with KLayout's metadata, and layouts with a cell's name that a
    program would not take for a name.
    """
    odd = [index for index in (cell.cell_index(), *cell.called_cells()) if not _PLAIN.fullmatch(_name(layout, index))]
    if not odd and _plain_gds(path):
        return ToolGds(path.resolve(), cell.name)
    copy = layout.dup()
    names: dict[str, str] = {}
    for index in odd:
        name = copy.unique_cell_name(re.sub(r"[^A-Za-z0-9_]", "_", f"cell_{_name(layout, index)}")[:40])
        copy.rename_cell(index, name)
        names[name] = _name(layout, index)
    work.mkdir(parents=True, exist_ok=True)
    written = work.resolve() / "layout.gds"
    copy.write(str(written), _options())
    return ToolGds(written, _name(copy, cell.cell_index()), names)


def _name(layout: kdb.Layout, index: int) -> str:
    return str(layout.cell_name(index))


def _plain_gds(path: Path) -> bool:
    data = path.read_bytes()
    return data.startswith(_GDS) and _METADATA not in data


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


def _options() -> kdb.SaveLayoutOptions:
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.write_context_info = False
    options.gds2_write_timestamps = False
    return options
