"""The second opinion of LVS: Magic extracts the devices, netgen compares with the official set-up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows import gds as gds_file
from mirrorneuron.flows import magic, tools
from mirrorneuron.flows.lvs_netlist import SPECIAL, Schematic
from mirrorneuron.pdk_sky130 import magic as technology
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.layers import DNWELL, NWELL, PIN_LAYERS, POLY, Layer
from mirrorneuron.pdk_sky130.spice import assignments, logical_lines, number

__all__ = ["compare", "verdict"]

_TIMEOUT_S: Final = 1800.0

# Magic up to 8.3.105 makes a port only of text on the pin purpose, so text on a label purpose is repeated there.
_PIN_OF_LABEL: Final[dict[Layer, Layer]] = {
    **{layers.label: layers.pin for layers in PIN_LAYERS.values()},
    Layer(NWELL.layer, 5): Layer(NWELL.layer, 16),
    Layer(POLY.layer, 5): Layer(POLY.layer, 16),
    Layer(64, 59): Layer(122, 16),  # p-well
}

# Magic sees a p-well only near diffusion; a shape here makes it see the whole of an isolated one.
_PWELL: Final = Layer(64, 59)

_CELL: Final = "layout"
_SCRIPT: Final = f"""
crashbackups stop
drc off
gds read {_CELL}.gds
load {_CELL}
select top cell
extract unique
extract no all
extract all
ext2spice lvs
ext2spice -o {_CELL}.spice
"""

_NO_PIN: Final = "(no matching pin)"
_BAD_LINES: Final = re.compile(r"^(?:Netlists do not match|Property errors were found|Top level cell failed)", re.M)
_GOOD_LINE: Final = re.compile(r"^Circuits match (?:uniquely|correctly)\.", re.M)


def compare(
    layout: kdb.Layout, cell: kdb.Cell, schematic: Schematic, pdk: Pdk, work: Path
) -> tuple[int, tuple[str, ...]]:
    """Extract and compare in the folder `work`: number of devices that netgen compared, and what is wrong.

    `layout` gets some text added.

    Raises
    ------
    ToolError
        Magic or netgen is missing, fails, or leaves no netlist or verdict.
    """
    spice = work / f"{_CELL}.spice"
    spice.unlink(missing_ok=True)
    # Flat, so that gates and wells which are drawn in several cells are seen whole, and only the top cell's text names.
    _repeat_labels(layout, cell)
    gds_file.flatten(layout, cell, work / f"{_CELL}.gds", name=_CELL, extra={_PWELL: _isolated(layout, cell)})
    magic.run_script(pdk, _SCRIPT, name="extract", work=work, timeout_s=_TIMEOUT_S)
    try:
        extracted = spice.read_text()
    except OSError as error:
        raise EvidenceError(f"Magic left no netlist; see {work / 'extract.log'}") from error
    if not re.search(r"^x", extracted, re.MULTILINE | re.IGNORECASE):
        return 0, ("Magic finds no device in the layout",)
    ports = _ports(extracted)
    if not ports:
        return 0, ("Magic finds no pin in the layout",)
    text = schematic.text
    if technology.technology(pdk, tools.version("magic"), work) != pdk.magic_tech:
        # An adapted technology cannot tell these by their width; KLayout compares them as they are.
        for special, plain in SPECIAL.items():
            text = re.sub(rf"\b{special}\b", plain, text, flags=re.IGNORECASE)
    spice.write_text(_merge_dummies(_order_sides(extracted)))
    (work / "schematic.spice").write_text(_merge_dummies(_order_sides(text)))
    devices, errors = _netgen(schematic.top, pdk.netgen_setup, work)
    # netgen passes over pins on which no device lies.
    lost = [f"pin {name} is in the netlist only" for name in schematic.pins if name not in ports]
    extra = [f"pin {name} is in the layout only" for name in ports if name not in schematic.pins]
    return devices, tuple(dict.fromkeys([*errors, *lost, *extra]))


def _order_sides(text: str) -> str:
    """Capacitors with w >= l: Magic's w is the horizontal side, the netlist's need not be."""

    def ordered(match: re.Match[str]) -> str:
        line = match[0]
        sizes = assignments(line.lower())
        w, l = sizes.get("w", ""), sizes.get("l", "")  # noqa: E741
        if (number(w) or 0.0) >= (number(l) or 0.0):
            return line
        return re.sub(r"\b([wl])=(\S+)", lambda size: f"{'l' if size[1].lower() == 'w' else 'w'}={size[2]}", line)

    return re.sub(r"^.*__cap_mim_.*=.*$", ordered, text, flags=re.MULTILINE)


def _merge_dummies(text: str) -> str:
    """Transistors whose drain, gate and source are one net, one line for all of a model, bulk and L.

    netgen 1.5.133 combines those of one net itself, but where their L differ it pairs the wrong ones and finds property
    errors that are none. So they become devices whose kind is their model, L and total W.
    """
    lines: list[str] = []
    widths: dict[tuple[str, ...], float] = {}
    for line in logical_lines(text):
        words, sizes = line.partition("=")[0].split()[:-1], assignments(line)
        if line.startswith((".subckt", ".ends")):
            lines += _dummy_lines(widths)
            widths = {}
        w, length, m = (number(sizes.get(name, default)) for name, default in (("w", ""), ("l", ""), ("m", "1")))
        if line[0] != "x" or len(words) != 6 or len({*words[1:4]}) != 1 or w is None or length is None or m is None:
            lines.append(line)
            continue
        key = (*words[1:], f"{length:.9g}")
        widths[key] = widths.get(key, 0.0) + w * m
    return "\n".join([*lines, *_dummy_lines(widths)]) + "\n"


def _dummy_lines(widths: dict[tuple[str, ...], float]) -> list[str]:
    return [
        f"xdummy{i} {' '.join(nets)} {model}_dummy_w{width:.6g}_l{length}".replace(".", "p")
        for i, ((*nets, model, length), width) in enumerate(sorted(widths.items()))
    ]


def _repeat_labels(layout: kdb.Layout, cell: kdb.Cell) -> None:
    for label, pin in _PIN_OF_LABEL.items():
        index = layout.find_layer(*label)
        if index is not None:
            texts = kdb.Shapes()
            for text in cell.shapes(index).each(kdb.Shapes.STexts):
                texts.insert(text)
            cell.shapes(layout.layer(*pin)).insert(texts)


def _isolated(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Region:
    """P-wells that a deep n-well and a closed ring of n-well cut off the substrate."""

    def region(layer: Layer) -> kdb.Region:
        index = layout.find_layer(*layer)
        return kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))

    dnwell = region(DNWELL)
    return (kdb.Region(dnwell.bbox().enlarged(1)) - region(NWELL)).merged().inside(dnwell)


def _ports(spice: str) -> list[str]:
    for line in logical_lines(spice):
        words = line.split()
        if words[:2] == [".subckt", _CELL]:
            return words[2:]
    return []


def _netgen(top: str, setup: Path, work: Path) -> tuple[int, tuple[str, ...]]:
    report, data = work / "netgen.out", work / "netgen.json"
    for path in (report, data):
        path.unlink(missing_ok=True)
    sides = [f"{_CELL}.spice {_CELL}", f"schematic.spice {top}"]
    tools.run(
        "netgen",
        ["-batch", "lvs", *sides, setup, report.name, "-json"],
        cwd=work,
        log=work / "netgen.log",
        timeout_s=_TIMEOUT_S,
    )
    try:
        return verdict(report.read_text(), data.read_text(), top)
    except OSError as error:
        raise EvidenceError(f"netgen left no report; see {work / 'netgen.log'}") from error


def verdict(report: str, data: str, top: str) -> tuple[int, tuple[str, ...]]:
    """What netgen's two reports say of the top cell: devices compared, and what is wrong.

    The text alone will not do: 1.5.133 ends it with "Circuits match uniquely." also when pins are missing or swapped
    (only the table of pins shows it) and when sizes differ. The data alone will not do either: it has no verdict.

    Raises
    ------
    EvidenceError
        The reports do not hold the comparison of the top cell.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(data)
    except json.JSONDecodeError as error:
        raise EvidenceError(f"netgen's data is no JSON: {error}") from error
    cell = next((c for c in reversed(cells) if [n.lower() for n in c["name"]] == [_CELL, top.lower()]), None)
    if cell is None:
        if re.search(r"has no elements", report):
            return 0, ("netgen finds no device in the layout or in the netlist",)
        raise EvidenceError(f"netgen's report has no comparison of {top}")
    errors = list(_errors(cell))
    errors += [line for line in dict.fromkeys(report.splitlines()) if _BAD_LINES.match(line)]
    if not errors and not _GOOD_LINE.search(report):
        raise EvidenceError(f"netgen's report has no verdict on {top}")
    return sum(count for _, count in cell["devices"][0]), tuple(errors)


def _errors(cell: dict[str, Any]) -> list[str]:
    errors = []
    ours, theirs = (dict(map(tuple, side)) for side in cell["devices"])
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name, 0) != theirs.get(name, 0):
            errors.append(f"{name}: {ours.get(name, 0)} in the layout, {theirs.get(name, 0)} in the netlist")
    if not ours:
        errors.append("no device was compared")
    if len(set(cell["nets"])) != 1:
        errors.append(f"{cell['nets'][0]} nets in the layout, {cell['nets'][1]} in the netlist")
    for group in cell["badnets"]:
        sides = [", ".join(net[0] for net in side) for side in group]
        errors.append(f"nets without counterpart: layout {sides[0]}; netlist {sides[1]}")
    for group in cell["badelements"]:
        sides = [", ".join(element[0] for element in side) for side in group]
        errors.append(f"devices without counterpart: layout {sides[0]}; netlist {sides[1]}")
    for pair in cell.get("properties", []):
        sides = [f"{name} {' '.join('='.join(value) for value in values)}" for name, values in pair]
        errors.append(f"sizes differ: layout {sides[0]}, netlist {sides[1]}")
    for ours_pin, theirs_pin in zip(*cell.get("pins", [[], []]), strict=True):
        if _NO_PIN in (ours_pin, theirs_pin):
            where = "netlist" if ours_pin == _NO_PIN else "layout"
            errors.append(f"pin {theirs_pin if where == 'netlist' else ours_pin} is in the {where} only")
        elif ours_pin.lower() != theirs_pin.lower():
            errors.append(f"pin {ours_pin} of the layout is {theirs_pin} in the netlist")
    return errors
