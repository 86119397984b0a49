"""The third opinion: the flow that most people run, Magic with the layout's hierarchy kept, and netgen.

::

    layout --- Magic, cell by cell --- netlist --.--- as it is, official set-up ------- match
                                                 |         else, if a tool lacks something by name
                                                 '--- flat, in the form of both sides --- match, with the aids

Magic derives contacts and devices from the shapes of one cell, so a contact whose layers lie in two cells is none here,
though it is one in the flat layout of the second opinion. The netlists go to netgen as they are. What a version of a
tool is known to lose or to compare wrongly is brought to a common form on both sides (`normalise`), and named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import magic, netgen
from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.circuit import LvsCircuit
from mirrorneuron.flows.lvs.magic import CELL
from mirrorneuron.flows.lvs.normalise import DIODE, RESISTOR, is_dummy, unseen
from mirrorneuron.flows.lvs.result import MATCH, NO_MATCH, NOT_COMPARED, HierarchyVerdict
from mirrorneuron.flows.lvs.schematic import DEVICES
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130.errors import ToolError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, SPECIAL

__all__ = ["compare", "is_plain"]


# Half grid, and a name of the substrate, as the rc file that comes with the official technology has them.
_SCRIPT: Final = f"""
crashbackups stop
drc off
scalegrid 1 2
set VDD VPWR
set GND VGND
set SUB VSUBS
gds read {CELL}.gds
load {CELL}
select top cell
extract do local
extract all
ext2spice lvs
ext2spice -o {CELL}.spice
"""

_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_SIZES: Final = re.compile(rf"[a-z]\w*={_NUMBER}")


def compare(
    layout: kdb.Layout, cell: kdb.Cell, netlist: Path, schematic: LvsCircuit, pdk: Pdk, work: Path
) -> HierarchyVerdict:
    """Compare a layout, its hierarchy kept, with a netlist; `schematic` is the same netlist in one level.

    Raises
    ------
    ToolError
        A program is missing or fails, or leaves no verdict.
    """
    unknown = sorted(schematic.models & lvs_vpp.models().keys())
    if unknown:
        note = f"Magic {tools.version('magic')} knows no device {', '.join(unknown)}"
        return HierarchyVerdict(NOT_COMPARED, notes=(note,))
    work.mkdir(parents=True, exist_ok=True)
    for stale in (*work.glob("*.ext"), work / f"{CELL}.spice"):
        stale.unlink(missing_ok=True)
    gds_file.rename(layout, cell, work / f"{CELL}.gds", name=CELL)
    extracted = magic.run(pdk, _SCRIPT, work, {})
    aids = tuple(_aids(schematic, adapted=extracted.adapted))
    reasons: tuple[str, ...] = ()
    if not extracted.adapted:
        try:
            errors = _as_they_are(netlist, schematic, pdk, work)
        except ToolError as error:
            if not aids:
                raise
            errors, reasons = (str(error),), (f"netgen {tools.version('netgen')} fails on the netlists as they are",)
        if not errors or not aids:
            return _verdict(errors, () if is_plain(netlist) else ("the netlist in one level",))
    mapped = work / "mapped"
    mapped.mkdir(exist_ok=True)
    _, errors = netgen.compare(extracted, schematic, pdk, mapped)
    return _verdict(errors, (*reasons, *aids))


def _verdict(errors: tuple[str, ...], notes: tuple[str, ...]) -> HierarchyVerdict:
    return HierarchyVerdict(NO_MATCH if errors else MATCH, errors, notes)


def _as_they_are(netlist: Path, schematic: LvsCircuit, pdk: Pdk, work: Path) -> tuple[str, ...]:
    text = netlist.read_text(encoding="utf-8") if is_plain(netlist) else schematic.text
    (work / "schematic.spice").write_text(text, encoding="utf-8")
    devices, errors = netgen.run(schematic.name, pdk.netgen_setup, work)
    return errors if devices or errors else ("netgen compared no device",)


def _aids(circuit: LvsCircuit, *, adapted: bool) -> Iterator[str]:
    """What these versions of the tools lose or compare wrongly in this circuit, and what is done about it."""
    models = circuit.models
    if adapted:
        version = f"Magic {tools.version('magic')}"
        names = sorted(models & {*BIPOLAR_AREAS_UM2, *SPECIAL})
        yield f"{version} reads an adapted technology file" + (
            f" and loses the names {', '.join(names)}" if names else ""
        )
        yield from (f"{version}: not compared: {text}" for text in unseen(models, adapted=True))
    version = f"netgen {tools.version('netgen')}"
    if any(model.startswith((RESISTOR, DIODE)) for model in models):
        yield f"{version} adds unequal resistors and diodes wrongly: series and parallel ones are combined beforehand"
    lengths: dict[tuple[object, ...], set[float]] = defaultdict(set)
    for device in circuit.devices:
        if is_dummy(device):
            lengths[device.model, device.nets].add(device.sizes["l"])
    if any(len(values) > 1 for values in lengths.values()):
        yield f"{version} may pair dummies of one net and different L wrongly: L is part of their name"


def is_plain(path: Path) -> bool:
    """Whether netgen reads a netlist as we do: subcircuits of calls and PDK devices whose sizes are numbers."""
    try:
        text = path.read_text(encoding="utf-8").lower()
    except (OSError, UnicodeDecodeError):
        return False
    lines = [line for line in re.sub(r"\n\+", " ", text).splitlines() if line.strip() and not line.startswith("*")]
    circuits = {line.split()[1] for line in lines if re.match(r"\.subckt\s+\S", line)}
    return all(_is_plain_line(line.split(), circuits) for line in lines)


def _is_plain_line(words: list[str], circuits: set[str]) -> bool:
    if words[0] in (".ends", ".end"):
        return True
    if words[0] == ".subckt":
        return not any("=" in word or word == "params:" for word in words)
    sizes = [word for word in words if "=" in word]
    model = words[len(words) - len(sizes) - 1]
    known = model in circuits or model in DEVICES
    return words[0][0] in "xr" and known and all(map(_SIZES.fullmatch, sizes)) and not any("$" in w for w in words)
