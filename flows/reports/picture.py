"""A picture of a layout; needs no screen."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import klayout.db as kdb
import klayout.lay as lay
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import FileError
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["draw", "legend"]

_WIDTH: Final = 1600
_HEIGHTS: Final = (300, 2400)
_MARGIN: Final = 0.015  # of the larger side
_BACKGROUND: Final = "#ffffff"


class _Style(NamedTuple):
    """Colour, and KLayout's number of the fill pattern (0 solid, 1 hollow, others hatched or dotted)."""

    colour: int
    pattern: int


# From the bottom to the top.
_STYLES: Final[dict[Layer, _Style]] = {
    layers.DNWELL: _Style(0xC8C8A0, 1),
    layers.NWELL: _Style(0xB8B070, 9),
    layers.DIFF: _Style(0x3C9D4E, 0),
    layers.TAP: _Style(0x8CC63F, 0),
    layers.POLY: _Style(0xD6403A, 0),
    layers.LICON1: _Style(0x404040, 0),
    layers.LI1: _Style(0x8E6BBF, 5),
    layers.MCON: _Style(0x303030, 0),
    layers.MET1: _Style(0x2F6FD0, 5),
    layers.VIA: _Style(0x1B3A6B, 0),
    layers.MET2: _Style(0xD05FA8, 4),
    layers.VIA2: _Style(0x6B1B4F, 0),
    layers.MET3: _Style(0x20A5A5, 6),
    layers.CAPM: _Style(0xE0A030, 5),
    layers.VIA3: _Style(0x0B5C5C, 0),
    layers.MET4: _Style(0xE07B28, 7),
    layers.VIA4: _Style(0x7A3C08, 0),
    layers.MET5: _Style(0x8A8A8A, 6),
}


def draw(layout: kdb.Layout, path: Path, *, width: int = _WIDTH) -> None:
    """Write a PNG of a layout's top cell, `width` pixels wide with the cell's aspect ratio.

    Raises
    ------
    FileError
        The file cannot be written.
    """
    box = layout.top_cell().dbbox()
    low, high = _HEIGHTS
    height = round(min(max(width * box.height() / max(box.width(), 1e-9), low), high))
    view = lay.LayoutView(False, None, lay.LayoutView.LV_NoEditorOptionsPanel)
    view.set_config("background-color", _BACKGROUND)
    view.set_config("grid-visible", "false")
    view.set_config("text-visible", "false")
    view.set_config("cell-box-visible", "false")
    view.resize(width, height)
    view.show_layout(layout.dup(), False)  # the view deletes its layout at its end
    view.clear_layers()
    for layer, style in _STYLES.items():
        if layout.find_layer(layer.layer, layer.datatype) is None:
            continue
        node = lay.LayerProperties()
        node.source = f"{layer.layer}/{layer.datatype}"
        node.fill_color = node.frame_color = style.colour
        node.dither_pattern = style.pattern
        view.insert_layer(view.end_layers(), node)
    view.max_hier()
    margin = _MARGIN * max(box.width(), box.height())
    view.zoom_box(box.enlarged(margin, margin))
    try:
        view.save_image_with_options(str(path), width, height, 0, 2, 0.0, box.enlarged(margin, margin), False)
    except RuntimeError as error:
        raise FileError(f"{path} cannot be written: {error}. Choose another folder.") from error


def legend() -> list[tuple[str, str]]:
    """The layers that `draw` shows, from the bottom to the top, each with its colour as CSS has it."""
    names = {layer: name for name, layer in layers.DRAWING.items()}
    return [(names[layer], f"#{style.colour:06x}") for layer, style in _STYLES.items()]
