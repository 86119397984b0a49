"""Faults in transistors, wells, taps, implants and capacitors."""

from __future__ import annotations

import klayout.db as kdb

from mutation.fault import MIRROR_KINDS, Mutant, NotHere, Site, at, kind
from mutation.subjects import flattened, subject
from mutation.wires import bridge

_MOVES = (5, 10, 20, 50, 100, 200, 500, 1000)
_TURNS = {
    "turned by 90 degrees": kdb.Trans.R90,
    "turned by 180 degrees": kdb.Trans.R180,
    "turned by 270 degrees": kdb.Trans.R270,
    "mirrored left to right": kdb.Trans.M90,
    "mirrored top to bottom": kdb.Trans.M0,
}


def _edge_moved(m: Mutant, layers: tuple[str, ...]) -> str:
    layer = m.layer(layers)
    edge, by, outwards = m.edge(layer), m.choice(_MOVES), m.choice((True, False))
    total = edge.length()
    along = kdb.Vector(edge.d().x // total, edge.d().y // total)
    out = kdb.Vector(-along.y, along.x)
    box = kdb.Box(edge.p1, edge.p2 + out * (by if outwards else -by))
    (m.add if outwards else m.cut)(layer, box)
    return f"{layer} edge of {total} nm at {at(edge)} um moved {'out' if outwards else 'in'} by {by} nm"


@kind("poly edge moved")
def poly_edge(m: Mutant) -> str:
    """By 5 nm to 1 um, out or in."""
    return _edge_moved(m, ("poly",))


@kind("diffusion edge moved")
def diffusion_edge(m: Mutant) -> str:
    """The same, of diffusion or tap."""
    return _edge_moved(m, ("diff", "tap"))


@kind("implant edge moved")
def implant_edge(m: Mutant) -> str:
    """The same, of an implant."""
    return _edge_moved(m, ("nsdm", "psdm", "lvtn", "hvtp"))


@kind("well edge moved")
def well_edge(m: Mutant) -> str:
    """The same, of an n-well."""
    return _edge_moved(m, ("nwell",))


@kind("npc edge moved")
def npc_edge(m: Mutant) -> str:
    """The same, of the poly contacts' layer."""
    return _edge_moved(m, ("npc",))


@kind("capacitor edge moved")
def capacitor_edge(m: Mutant) -> str:
    """The same, of a MIM capacitor's plate."""
    return _edge_moved(m, ("capm",))


@kind("contact without npc")
def contact_without_npc(m: Mutant) -> str:
    """The npc around one poly contact, or all of a piece of it."""
    contacts = m.region("licon1") & m.region("npc")
    contact = m.choice(list(contacts.each_merged()))
    alone = m.choice((True, False))
    piece = kdb.Region(contact.bbox().enlarged(100, 100)) if alone else m.region("npc").interacting(kdb.Region(contact))
    m.cut("npc", piece)
    return f"npc {'around' if alone else 'of the piece around'} the contact at {at(contact.bbox())} um removed"


@kind("well tap removed")
def tap_removed(m: Mutant) -> str:
    """A piece of tap, or all taps of a well; with its contacts or alone."""
    all_taps = m.choice((True, False))
    nwell = m.region("nwell")
    if all_taps:
        well = m.choice([None, *nwell.each_merged()])
        taps = m.region("tap") - nwell if well is None else m.region("tap") & kdb.Region(well)
        if taps.is_empty():
            raise NotHere
        where = "the substrate" if well is None else f"the n-well at {at(well.bbox())} um"
        removed = f"all taps of {where}"
    else:
        box = m.wire("tap")
        taps, removed = kdb.Region(box), f"the piece of tap at {at(box)} um"
    m.cut("tap", taps)
    with_contacts = m.choice((True, False))
    if with_contacts:
        m.cut("licon1", m.region("licon1").interacting(taps))
    return f"{removed} removed{', with its contacts' if with_contacts else ''}"


def _site(m: Mutant) -> Site:
    return m.choice([site for site in m.sites if not site.dummy])


@kind("W changed in the layout")
def width_changed(m: Mutant) -> str:
    """One finger's diffusion narrower or wider, at one side."""
    site, by, wider, high = _site(m), m.choice((5, 10, 50, 100, 200)), m.choice((True, False)), m.choice((True, False))
    box = site.box
    depth = by if wider else -by
    if site.axis == "x":
        y = box.top if high else box.bottom
        part = kdb.Box(box.left - 20, y, box.right + 20, y + (depth if high else -depth))
    else:
        x = box.right if high else box.left
        part = kdb.Box(x, box.bottom - 20, x + (depth if high else -depth), box.top + 20)
    (m.add if wider else m.cut)("diff", part)
    return f"W of the finger at {at(box)} um {by} nm {'more' if wider else 'less'}"


@kind("L changed in the layout")
def length_changed(m: Mutant) -> str:
    """One finger's gate longer or shorter, at one side."""
    site, by, longer, high = _site(m), m.choice((5, 10, 20, 50)), m.choice((True, False)), m.choice((True, False))
    box = site.box
    depth = by if longer else -by
    if site.axis == "x":
        x = box.right if high else box.left
        part = kdb.Box(x, box.bottom - 130, x + (depth if high else -depth), box.top + 130)
    else:
        y = box.top if high else box.bottom
        part = kdb.Box(box.left - 130, y, box.right + 130, y + (depth if high else -depth))
    (m.add if longer else m.cut)("poly", part)
    return f"L of the finger at {at(box)} um {by} nm {'more' if longer else 'less'}"


@kind("unit count changed in the layout")
def finger_dropped(m: Mutant) -> str:
    """One finger's gate, with or without the diffusion below it; or a finger more, beside it."""
    site = _site(m)
    how = m.choice(("gate", "gate and diffusion", "one more"))
    margin = (0, 130) if site.axis == "x" else (130, 0)
    if how == "one more":
        if site.axis != "x" or site.box.width() < 500:
            raise NotHere
        middle = (site.box.left + site.box.right) // 10 * 5
        m.cut("poly", kdb.Box(middle - 105, site.box.bottom, middle + 105, site.box.top))
        return f"the gate at {at(site.box)} um split into two"
    m.cut("poly", site.box.enlarged(*margin))
    if how != "gate":
        m.cut("diff", site.box)
    return f"{how} of the finger at {at(site.box)} um removed"


@kind("dummy connected in the layout")
def dummy_connected(m: Mutant) -> str:
    """A strip of local interconnect or metal 1 from a dummy's wiring to the next wire."""
    site = m.choice([site for site in m.sites if site.dummy])
    near = kdb.Region(site.box.enlarged(*((600, 0) if site.axis == "x" else (0, 600))))
    layer = m.choice(("li1", "met1"))
    wires = m.region(layer).interacting(m.region("licon1").interacting(near) & m.region("diff"))
    if wires.is_empty():
        raise NotHere
    return f"dummy at {at(site.box)} um: {bridge(m, layer, wires)}"


@kind("bulk moved in the layout")
def bulk_moved(m: Mutant) -> str:
    """A well's taps of the other type, a transistor's well taken away, or two wells joined."""
    how = m.choice(("implant", "well", "joined"))
    nwell = m.region("nwell")
    if how == "implant":
        tap = m.polygon("tap")
        n, p = m.region("nsdm"), m.region("psdm")
        around = kdb.Region(tap).sized(125)
        own, other = ("nsdm", "psdm") if not (n & kdb.Region(tap)).is_empty() else ("psdm", "nsdm")
        moved = (n if own == "nsdm" else p) & around
        m.cut(own, moved)
        m.add(other, moved)
        return f"tap at {at(tap.bbox())} um under {other} instead of {own}"
    if how == "well":
        inside = [site for site in m.sites if not (nwell & kdb.Region(site.box)).is_empty()]
        if inside:
            site = m.choice(inside)
            m.cut("nwell", site.box.enlarged(300, 300))
            return f"n-well taken away under the finger at {at(site.box)} um"
        site = m.choice(m.sites)
        m.add("nwell", site.box.enlarged(300, 300))
        return f"n-well drawn under the finger at {at(site.box)} um"
    wells = list(nwell.each_merged())
    well = m.choice(wells)
    others = [other for other in wells if other != well]
    near = m.choice(sorted(others, key=lambda other: _gap(other.bbox(), well.bbox()))[:1])
    a, b = well.bbox(), near.bbox()
    x1, x2 = sorted((max(a.left, b.left), min(a.right, b.right)))
    y1, y2 = sorted((max(a.bottom, b.bottom), min(a.top, b.top)))
    middle = kdb.Point((x1 + x2) // 10 * 5, (y1 + y2) // 10 * 5)
    box = (
        kdb.Box(x1 - 100, middle.y - 500, x2 + 100, middle.y + 500)
        if max(a.left, b.left) > min(a.right, b.right)
        else kdb.Box(middle.x - 500, y1 - 100, middle.x + 500, y2 + 100)
    )
    m.add("nwell", box)
    return f"n-wells at {at(a)} and {at(b)} um joined"


def _gap(box: kdb.Box, other: kdb.Box) -> int:
    dx = max(other.left - box.right, box.left - other.right, 0)
    dy = max(other.bottom - box.top, box.bottom - other.top, 0)
    return dx + dy


@kind("cell rotated")
def cell_rotated(m: Mutant) -> str:
    """One placed cell of any level, turned or mirrored in place."""
    layout = subject(m.name).drawn.dup()
    top = cell = layout.top_cell()
    while True:
        instances = [instance for instance in cell.each_inst() if not instance.cell.bbox().empty()]
        if not instances:
            raise NotHere
        instance = _alone(m, cell, m.choice(instances))
        child = layout.cell(layout.create_cell(f"{instance.cell.name}_one").cell_index())
        child.copy_tree(instance.cell)
        instance.cell_index = child.cell_index()
        if child.is_leaf() or m.rng.random() < 0.4:
            break
        cell = child
    word, code = m.choice(list(_TURNS.items()))
    before = instance.bbox()
    instance.trans = kdb.Trans(code) * instance.trans
    moved = before.p1 - instance.bbox().p1
    instance.trans = kdb.Trans(moved) * instance.trans
    m.layout = flattened(layout, top)
    name = child.name.removesuffix("_one")
    return f"cell {name} at {at(before)} um of its parent {word}"


def _alone(m: Mutant, cell: kdb.Cell, instance: kdb.Instance) -> kdb.Instance:
    """One place of an array of instances, as an instance by itself."""
    if not instance.is_regular_array():
        return instance
    places = [(i, j) for i in range(max(1, instance.na)) for j in range(max(1, instance.nb))]
    place = m.choice(places)
    index, trans, a, b = instance.cell_index, instance.trans, instance.a, instance.b
    instance.delete()
    for i, j in places:
        moved = kdb.Trans(a * i + b * j) * trans
        new = cell.insert(kdb.CellInstArray(index, moved))
        if (i, j) == place:
            alone = new
    return alone


@kind("cell left out", MIRROR_KINDS)
def left_out(m: Mutant) -> str:
    """One placed cell of any level: a bar of a resistor, an npn, a contact, a whole array."""
    layout = subject(m.name).drawn.dup()
    top = cell = layout.top_cell()
    while True:
        instances = [instance for instance in cell.each_inst() if not instance.cell.bbox().empty()]
        if not instances:
            raise NotHere
        instance = _alone(m, cell, m.choice(instances))
        child = instance.cell
        if child.is_leaf() or m.rng.random() < 0.4:
            break
        copy = layout.cell(layout.create_cell(f"{child.name}_one").cell_index())
        copy.copy_tree(child)
        instance.cell_index, cell = copy.cell_index(), copy
    name, place = child.name, instance.bbox()
    instance.delete()
    m.layout = flattened(layout, top)
    return f"cell {name} at {at(place)} um of {cell.name.removesuffix('_one')} left out"


@kind("resistor or npn edge moved", MIRROR_KINDS)
def fixed_edge(m: Mutant) -> str:
    """By 5 nm to 1 um, out or in: an edge of the layers that make a resistor of poly, or an npn of its wells."""
    return _edge_moved(m, ("poly_res", "rpm", "urpm", "npn", "dnwell"))


@kind("resistor bar shorted", MIRROR_KINDS)
def bar_shorted(m: Mutant) -> str:
    """Metal 1 along a bar, from slot to slot, or along half of it, where it does nothing."""
    body = m.polygon("poly_res").bbox()
    full_length = m.choice((True, True, False))
    top = body.top + 500 if full_length else body.center().y // 5 * 5
    middle = body.center().x // 5 * 5
    m.add("met1", kdb.Box(middle - 150, body.bottom - 500, middle + 150, top))
    return f"metal 1 over {'all' if full_length else 'half'} of the bar at {at(body)} um"
