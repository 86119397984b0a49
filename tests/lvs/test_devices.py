"""Every device: drawn and in the netlist alike, and then with each thing that LVS compares changed in the netlist.

Devices of a kind lie in one layout. KLayout must find all changes, netgen all but those that `blind` names; in the long
run each change alone.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

import klayout.db as kdb
import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.lvs import netgen as lvs_netgen
from mirrorneuron.flows.lvs import schematic as lvs_netlist
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.layers import DRAWING

from tests.kit import lvs_batch


@dataclass
class Line:
    """A device in a netlist: nets in the order of the model, sizes as text by name."""

    name: str
    nets: list[str]
    model: str
    sizes: dict[str, float] = field(default_factory=dict)
    letter: str = "X"

    def __str__(self):
        sizes = " ".join(f"{key}={value:g}" for key, value in self.sizes.items())
        return f"{self.letter}{self.name} {' '.join(self.nets)} sky130_fd_pr__{self.model} {sizes}".rstrip()


def mos(kit):
    drawing, lines = kit.Drawing(), []
    hvi, lvtn, hvtp = layers.HVI, layers.LVTN, layers.HVTP
    narrow, esd, low = DRAWING["areaid_sc"], DRAWING["areaid_ed"], DRAWING["areaid_le"]
    for model, marks, w, l in (  # noqa: E741
        ("nfet_01v8", [], 1, 0.5),
        ("nfet_01v8_lvt", [lvtn], 1, 0.5),
        ("special_nfet_01v8", [narrow], 0.36, 0.15),
        ("nfet_g5v0d10v5", [hvi], 1, 0.5),
        ("esd_nfet_g5v0d10v5", [hvi, esd], 5, 0.6),
        ("nfet_05v0_nvt", [hvi, lvtn], 1, 0.9),
        ("nfet_03v3_nvt", [hvi, lvtn, low], 1, 0.5),
        ("pfet_01v8", [], 1, 0.5),
        ("pfet_01v8_lvt", [lvtn], 1, 0.5),
        ("pfet_01v8_hvt", [hvtp], 1, 0.5),
        ("special_pfet_01v8_hvt", [hvtp, narrow], 0.36, 0.15),
        ("pfet_g5v0d10v5", [hvi], 1, 0.5),
        ("esd_pfet_g5v0d10v5", [hvi, esd], 5, 0.6),
    ):
        d, g, s = (f"{model}_{end}" for end in "dgs")
        kind = "n" if "nfet" in model else "p"
        bulk = "sub" if kind == "n" else f"{model}_b"
        drawing.row(kit.Row(kind, (d, s), (g,), (bulk,), round(w * 1000), round(l * 1000), marks))
        lines.append(Line(model, [d, g, s, bulk], model, {"w": w, "l": l}))
    drawing.join()
    drawing.labels({net: net for net in drawing.tracks})
    return drawing, lines


def resistors(kit):
    drawings, lines = {}, []

    def strip(name, conductor, mark, covers, model, sizes, w=0.5, bodies=(2,), well=False, two=False):
        drawing = kit.Drawing()
        for i in range(2 if two else 1):
            drawing.strip(conductor, i * 2000, round(w * 1000), [round(l * 1000) for l in bodies], mark)  # noqa: E741
        if two:
            drawing.cell.shapes(drawing.layout.layer(*layers.PIN_LAYERS["li1"].label)).clear()
            drawing.cell.shapes(drawing.layout.layer(*layers.PIN_LAYERS["li1"].pin)).clear()
            for net, y in (("a", 250), ("b", 750 + round(bodies[0] * 1000))):
                drawing.box(layers.LI1, 0, y - 85, 2500, y + 85)
                drawing.label(net, "li1", 300, y)
        drawing.cover(*covers)
        bulk = ["sub"] if model.startswith(("res_high", "res_xhigh")) or "_nd" in model else []
        if well:
            drawing.tap("w", -2000, 300, layers.NSDM)
            drawing.cover(layers.NWELL, margin=300)
            bulk = [f"{name}_w"]
        drawings[name] = drawing
        letter = "R" if re.search(r"_(l1|m\d)$", model) else "X"
        lines.append(Line(name, [f"{name}_a", f"{name}_b", *bulk], model, sizes, letter))

    high = (layers.RPM, layers.PSDM, layers.NPC)
    xhigh = (layers.URPM, layers.PSDM, layers.NPC)
    poly, mark, diff, diff_mark = layers.POLY, layers.POLY_RES, layers.DIFF, DRAWING["diff_res"]
    both = {"w": 0.5, "l": 2}
    for width, text in ((0.35, "0p35"), (0.69, "0p69"), (1.41, "1p41"), (2.85, "2p85"), (5.73, "5p73")):
        strip(f"h{text}", poly, mark, high, f"res_high_po_{text}", {"l": 2}, width)
        strip(f"x{text}", poly, mark, xhigh, f"res_xhigh_po_{text}", {"l": 2}, width)
    strip("high", poly, mark, high, "res_high_po", both)
    strip("xhigh", poly, mark, xhigh, "res_xhigh_po", both)
    strip("series", poly, mark, xhigh, "res_xhigh_po_0p35", {"l": 10.5}, 0.35, (2, 3.5, 5))
    strip("parallel", poly, mark, high, "res_high_po", {"w": 1, "l": 2}, two=True)
    strip("inwell", poly, mark, high, "res_high_po", both, well=True)
    strip("po", poly, mark, [layers.NSDM], "res_generic_po", both)
    strip("short", poly, DRAWING["poly_short"], [], "res_generic_po", both)
    strip("nd", diff, diff_mark, [layers.NSDM], "res_generic_nd", both)
    strip("pd", diff, diff_mark, [layers.PSDM], "res_generic_pd", both, well=True)
    strip("ndhv", diff, diff_mark, [layers.NSDM, layers.HVI], "res_generic_nd__hv", both)
    strip("pdhv", diff, diff_mark, [layers.PSDM, layers.HVI], "res_generic_pd__hv", both, well=True)
    for metal in layers.PIN_LAYERS:
        model = f"res_generic_{metal.replace('met', 'm').replace('li', 'l')}"
        strip(metal, DRAWING[metal], DRAWING[f"{metal}_res"], [], model, {"w": 2, "l": 3}, 2, (3,))
    drawings["tap"] = kit.Drawing()
    drawings["tap"].tap("sub", 0, 0, layers.PSDM)
    return kit.side_by_side(drawings), lines


def diodes(kit):
    drawings, lines = {}, []
    lvtn, hvtp, hvi = layers.LVTN, layers.HVTP, layers.HVI
    for name, marks, count in (
        ("pw2nd_05v5", [], 1),
        ("pw2nd_05v5", [], 2),
        ("pw2nd_05v5_lvt", [lvtn], 1),
        ("pw2nd_05v5_nvt", [lvtn, hvi], 1),
        ("pw2nd_11v0", [hvi], 1),
        ("pd2nw_05v5", [], 1),
        ("pd2nw_05v5_lvt", [lvtn], 1),
        ("pd2nw_05v5_hvt", [hvtp], 1),
        ("pd2nw_11v0", [hvi], 1),
    ):
        drawing, key = kit.Drawing(), f"{name}x{count}"
        p = name.startswith("pd")
        # In parallel one of 2 um by 1 um and one of 3 um by 1 um, joined in li1.
        for i, w in enumerate((2000, 3000)[:count]):
            drawing.box(layers.DIFF, 4000 * i, 0, 4000 * i + w, 1000)
            drawing.contact("j" if i == 0 else "", 4000 * i + 1000, 500)
        drawing.box(layers.LI1, 1000, 415, 4000 * count - 3000, 585)
        drawing.cover(layers.PSDM if p else layers.NSDM, DRAWING["areaid_de"], *marks)
        other = "sub"
        if p:
            drawing.tap("w", -3000, 500, layers.NSDM)
            drawing.cover(layers.NWELL, margin=200)
            other = f"{key}_w"
        nets = [f"{key}_j", other] if p else [other, f"{key}_j"]
        area, perimeter = (2, 6) if count == 1 else (5, 14)
        lines.append(Line(key, nets, f"diode_{name}", {"area": area * 1e12, "perim": perimeter * 1e6}))
        drawings[key] = drawing
    drawings["tap"] = kit.Drawing()
    drawings["tap"].tap("sub", 0, 0, layers.PSDM)
    return kit.side_by_side(drawings), lines


def foundry_cells(family):
    folder = install.locate().fd_pr
    if folder is None:
        pytest.skip("this PDK installation has no cells of fixed layout in the foundry's form")
    return sorted((folder / "cells").glob(f"{family}/*.gds"))


def bipolar(kit):
    drawings, lines = {}, []
    for gds in foundry_cells("rf_[np][np][np]_05v5"):
        size = gds.stem.rpartition("_")[2]
        pnp = "pnp" in gds.stem
        model = f"{'pnp' if pnp else 'npn'}_05v5_{size}"
        if f"sky130_fd_pr__{model.lower()}" not in lvs_netlist.DEVICES:
            continue
        drawing = kit.Drawing()
        drawing.place(gds)
        middle = drawing.cell.bbox().center()
        ends = {"e": (middle.x, middle.y), "b": (middle.x, 1125), "sub": (middle.x, 380)}
        if not pnp:
            ends = {"e": (4300, 4300), "b": (4300, 2800), "c": (4300, 800)}
        for net, (x, y) in ends.items():
            if net != "sub":
                drawing.label(net, "li1" if pnp else "met1", x, y)
        drawings[model] = drawing
        nets = ["sub", f"{model}_b", f"{model}_e"] if pnp else [*(f"{model}_{net}" for net in "cbe"), "sub"]
        lines.append(Line(model, nets, model))
    whole = kit.side_by_side(drawings)
    # The collectors of both pnp are the substrate: their rings are one net in li1.
    right = whole.cell.bbox().right
    whole.box(layers.LI1, right - 16_000, 300, right - 400, 500)
    whole.label("sub", "li1", right - 600, 380)
    return whole, lines


def vpp_rows():
    with DECK.with_name("vpp.csv").open(newline="") as stream:
        return [*csv.DictReader(stream)]


def vpps(kit, rows, turns):
    drawings, lines = {}, []
    gds_of = {path.stem.lower(): path for path in foundry_cells("cap_vpp_*")}
    for row, turn in zip(rows, turns, strict=True):
        model = row["name"].removeprefix("sky130_fd_pr__")
        drawing = kit.Drawing()
        drawing.place(gds_of[row["name"]], turn)
        for net in [name for name in ("c0", "c1", "shield") if row[name]]:
            metal, x, y = row[net].split(":")
            point = turn * kdb.Point(int(x), int(y))
            drawing.label(net, metal, point.x, point.y)
        drawings[model] = drawing
        nets = [f"{model}_c0", f"{model}_c1", "sub", *([f"{model}_shield"] if row["shield"] else [])]
        lines.append(Line(model, nets, model))
    drawings["tap"] = kit.Drawing()
    drawings["tap"].tap("sub", 0, 0, layers.PSDM)
    return kit.side_by_side(drawings), lines


def capacitors(kit):
    rows = vpp_rows()
    chosen = [next(row for row in rows if not row["shield"]), [row for row in rows if row["shield"]][-1], rows[-1]]
    drawing, lines = vpps(
        kit, chosen, [kdb.Trans(0, False, 0, 0), kdb.Trans(1, True, 1000, 2000), kdb.Trans(3, False, 500, 0)]
    )
    drawings = {"vpp": drawing}
    for model, upper in (("cap_mim_m3_1", False), ("cap_mim_m3_2", True)):
        drawings[model] = kit.Drawing()
        drawings[model].plate(0, 7000, 5000, upper=upper)
        end = "5" if upper else ""
        lines.append(Line(model, [f"{model}_top{end}", f"{model}_bottom{end}"], model, {"w": 5, "l": 7}))
    for line in lines[:3]:
        line.nets = [net if net == "sub" else f"vpp_{net}" for net in line.nets]
    return kit.side_by_side(drawings), lines


KINDS = {"mos": mos, "resistors": resistors, "diodes": diodes, "bipolar": bipolar, "capacitors": capacitors}


def netlist(lines, changed=None):
    """The lines as the cell's netlist, some of them, by number, changed."""
    pins = dict.fromkeys(net for line in lines for net in line.nets)
    body = [str((changed or {}).get(i, line)) for i, line in enumerate(lines)]
    return "\n".join([f".subckt cell {' '.join(pins)}", *body, ".ends", ""])


def sibling(line, lines):
    """Another model of the same form that is drawn here too, and is not only another name of this one."""
    form = lvs_netlist.DEVICES[f"sky130_fd_pr__{line.model.lower()}"]
    kind = re.sub(r"_\dp\d\d$", "", line.model)
    for other in lines:
        same_form = lvs_netlist.DEVICES[f"sky130_fd_pr__{other.model.lower()}"] == form
        if same_form and re.sub(r"_\dp\d\d$", "", other.model) != kind:
            return other.model
    return None


def changes(lines):
    """(what, number of the line, the line changed) for all that LVS compares of each."""
    for i, line in enumerate(lines):
        for key, value in line.sizes.items():
            yield key, i, Line(line.name, line.nets, line.model, {**line.sizes, key: value * 1.1}, line.letter)
        yield "m", i, Line(line.name, line.nets, line.model, {**line.sizes, "m": 2}, line.letter)
        if other := sibling(line, lines):
            yield "model", i, Line(line.name, line.nets, other, line.sizes, line.letter)
        # A bulk or collector elsewhere, and the last two terminals exchanged.
        if len(line.nets) > 2:
            yield "last net", i, Line(line.name, [*line.nets[:-1], line.nets[0]], line.model, line.sizes, line.letter)
        if not line.model.startswith("res_") or len(line.nets) > 2:
            swapped = [*line.nets[:-2], *line.nets[:-3:-1]]
            yield "order", i, Line(line.name, swapped, line.model, line.sizes, line.letter)


def blind(line, what, changed):
    """Whether netgen cannot see this change (`LvsResult.unseen`)."""
    if line.model.startswith("res_generic_") and line.letter == "R":
        return what in ("w", "l")
    if line.model.startswith("diode_"):
        plain = re.sub(r"(pd2nw_05v5)_[lh]vt", r"\1", line.model) == re.sub(
            r"(pd2nw_05v5)_[lh]vt", r"\1", changed.model
        )
        return what == "perim" or (what == "model" and plain)
    if "_05v5_W" in line.model:
        return what == "model"
    if line.model.startswith("cap_vpp_"):
        # The bulk is the last net but for the shield's.
        return what == "last net" and "shield" not in line.nets[-1]
    if what == "model":
        plain = [name.replace("special_", "") for name in (line.model, changed.model)]
        return plain[0] == plain[1]
    return False


def klayout(gds, netlists, work):
    """KLayout's evidence for each netlist, in one run."""
    pairs = {}
    for number, text in enumerate(netlists):
        path = work / f"{number}.spice"
        path.write_text(text)
        path.write_text(lvs_netlist.read(path, "cell").text)
        pairs[path.stem] = (gds, path)
    return list(lvs_batch.evidence(pairs, work).values())


def netgen(extracted, text, work):
    """What netgen finds wrong."""
    path = work / "netgen.spice"
    path.write_text(text)
    return lvs_netgen.compare(extracted, lvs_netlist.read(path, "cell"), install.locate(), work)[1]


def tells_of(line, errors):
    """Whether one of KLayout's errors is about this device."""
    net = next(net for net in [*line.nets, "sub"] if net != "sub").lower()
    return any(error.startswith("device") and f":{net}" in error for error in errors)


@pytest.fixture
def drawn(kit, tmp_path):
    """Draws a kind, and has it match; gives the GDS, the lines, and what Magic finds in it."""

    def draw(kind):
        drawing, lines = KINDS[kind](kit)
        gds = drawing.write(tmp_path / "cell.gds")
        spice = tmp_path / "cell.spice"
        spice.write_text(netlist(lines))
        result = lvs.run(gds, spice, work=tmp_path / "work")
        assert (result.passed, result.klayout, result.netgen) == (True, True, True), result.errors
        assert result.devices >= len(lines)
        layout = gds_file.read(gds)
        cell = gds_file.top_cell(layout, gds)
        return gds, lines, lvs_netgen.extract(layout, cell, install.locate(), tmp_path / "work")

    return draw


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind, drawn, tmp_path):
    """All devices of a kind with one thing changed, thing by thing: each must be told."""
    gds, lines, extracted = drawn(kind)
    cases = [*changes(lines)]
    assert {line.name for line in lines} == {lines[i].name for _, i, _ in cases}
    things = [*dict.fromkeys(what for what, _, _ in cases)]
    found = klayout(gds, [netlist(lines, {i: c for w, i, c in cases if w == what}) for what in things], tmp_path)
    missed = []
    for what, evidence in zip(things, found, strict=True):
        assert not evidence["passed"], what
        missed += [
            (what, lines[i].name) for w, i, _ in cases if w == what and not tells_of(lines[i], evidence["errors"])
        ]
        seen = {i: c for w, i, c in cases if w == what and not blind(lines[i], w, c)}
        unseen = {i: c for w, i, c in cases if w == what and blind(lines[i], w, c)}
        if seen:
            errors = "\n".join(netgen(extracted, netlist(lines, seen), tmp_path / "work"))
            assert errors, what
            if what in ("w", "l", "area"):
                missed += [(what, lines[i].name, "netgen") for i in seen if plain_name(lines[i].model) not in errors]
        if unseen:
            assert not netgen(extracted, netlist(lines, unseen), tmp_path / "work"), (
                what,
                "netgen sees what it says it cannot",
            )
    assert not missed


def plain_name(model):
    """The name that both sides have for netgen."""
    return re.sub(r"(_po)_\dp\d\d$|^special_|(?<=05v5)_[lh]vt$", r"\1", model.lower())


def test_every_device_is_drawn(kit):
    drawn = {f"sky130_fd_pr__{line.model.lower()}" for draw in KINDS.values() for line in draw(kit)[1]}
    assert {name for name in lvs_netlist.DEVICES if "__cap_vpp_" not in name} <= drawn


@pytest.mark.slow
def test_every_vpp(kit, tmp_path):
    """All finger capacitors in KLayout and netgen, in one layout."""
    rows = vpp_rows()
    drawing, lines = vpps(kit, rows, [kdb.Trans(i % 8, i % 2 == 1, 100 * i, 0) for i in range(len(rows))])
    gds, spice = drawing.write(tmp_path / "cell.gds"), tmp_path / "cell.spice"
    spice.write_text(netlist(lines))
    result = lvs.run(gds, spice, work=tmp_path / "work")
    assert result.passed, result.errors
    assert result.devices == len(rows)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_each_change_alone(kind, drawn, tmp_path):
    gds, lines, extracted = drawn(kind)
    cases = [*changes(lines)]
    wrong = []
    for (what, i, changed), evidence in zip(
        cases, klayout(gds, [netlist(lines, {i: changed}) for _, i, changed in cases], tmp_path), strict=True
    ):
        errors = netgen(extracted, netlist(lines, {i: changed}), tmp_path / "work")
        verdicts = (not evidence["passed"] and tells_of(lines[i], evidence["errors"]), bool(errors))
        if verdicts != (True, not blind(lines[i], what, changed)):
            wrong.append((lines[i].name, what, str(changed), verdicts, evidence["errors"][:2], errors[:2]))
    assert not wrong
