"""The foundry's standard cells against their own netlists: in KLayout all in a few runs, and in Magic and netgen.

A sample always, all of them in the long run. ``EXCEPTIONS`` are the cells that do not match, and why; lvs/README.md has
the same list in words.
"""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.lvs import netgen as lvs_netgen
from mirrorneuron.flows.lvs import schematic as lvs_netlist
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install

from tests.kit import lvs_batch

CHUNKS = 16
PREFIX = "sky130_fd_sc_hd__"
DEVICE = re.compile(r"^[XR].*sky130_fd_pr__", re.MULTILINE | re.IGNORECASE)

# What KLayout says of a cell that does not match, and whether netgen matches it.
SOFT = ("soft connection: VGND", False)
NO_DEVICE = ("no device in the layout", False)
EXCEPTIONS = {
    **{f"lpflow_lsbuf_lh_hl_isowell_tap_{n}": SOFT for n in (1, 2, 4)},
    **{f"lpflow_lsbuf_lh_isowell_tap_{n}": SOFT for n in (1, 2, 4)},
    "lpflow_lsbuf_lh_isowell_4": ("open: the label vgnd", True),
    "probe_p_8": ("met5_short", False),
    "probec_p_8": ("met5_short", False),
    **dict.fromkeys(("fill_1", "fill_2", "fill_4", "fill_8", "tap_1", "tap_2"), NO_DEVICE),
    **dict.fromkeys(("tapvgnd2_1", "tapvgnd_1", "tapvpwrvgnd_1"), NO_DEVICE),
}
# Two of each kind of netlist line, the narrowest transistors, and the exceptions' kinds.
SAMPLE = (
    "inv_1", "dfxtp_1", "mux2_1", "conb_1", "diode_2", "fa_1", "clkdlybuf4s50_1", "edfxbp_1", "nand4bb_4", "ha_1",
    "decap_12", "lpflow_lsbuf_lh_hl_isowell_tap_1", "lpflow_lsbuf_lh_isowell_4", "probe_p_8", "tap_1",
)  # fmt: skip


def folder():
    found = install.locate().sc_hd
    if found is None:
        pytest.skip("this PDK installation has no standard cells in the foundry's form")
    return found


def cells():
    return {path.stem.removeprefix(PREFIX): path for path in sorted(folder().glob("*/*.gds"))}


def netlist_of(gds):
    """The cell's netlist, and those of the cells that it calls."""
    text = gds.with_suffix(".spice").read_text()
    called = set(re.findall(rf"\s({PREFIX}\w+)\s*$", text, re.MULTILINE))
    return text + "".join(cells()[name.removeprefix(PREFIX)].with_suffix(".spice").read_text() for name in called)


def read(gds, folder, change=lambda text: text):
    path = folder / f"{gds.stem}.spice"
    path.write_text(change(netlist_of(gds)))
    return lvs_netlist.read(path, gds.stem)


def klayout(gds_of, work, change=lambda text: text):
    """KLayout's evidence by cell; the netlists go through our reader, as in the flow."""
    pairs = {}
    for name, gds in gds_of.items():
        netlist = work / f"{name}.spice"
        netlist.write_text(read(gds, work, change).text)
        pairs[name] = (gds, netlist)
    return lvs_batch.evidence(pairs, work)


def netgen(gds, work, change=lambda text: text):
    work.mkdir()
    layout = gds_file.read(gds)
    pdk = install.locate()
    extracted = lvs_netgen.extract(layout, gds_file.top_cell(layout, gds), pdk, work)
    return lvs_netgen.compare(extracted, read(gds, work, change), pdk, work)


def check_klayout(gds_of, work):
    for name, found in klayout(gds_of, work).items():
        if name in EXCEPTIONS:
            assert EXCEPTIONS[name][0] in "\n".join(found["errors"]), (name, found["errors"])
            assert not found["passed"], name
        else:
            assert found["passed"], (name, found["errors"])
            assert found["devices"] == found["layout_devices"] == found["netlist_devices"] > 0, name


def wider(text):
    """The first transistor a fifth wider."""
    return re.sub(r" w=(\S+?)(u?) ", lambda width: f" w={float(width[1]) * 1.2:g}{width[2]} ", text, count=1)


def rewired(text):
    """The first transistor's gate on its drain."""
    return re.sub(r"^(x\S+ )(\S+) (\S+) (.*fet_)", r"\1\2 \2 \4", text, count=1, flags=re.MULTILINE | re.IGNORECASE)


def test_exceptions_are_few():
    """Of the cells with devices at least 400 must match."""
    gds_of = cells()
    with_devices = {name for name, gds in gds_of.items() if DEVICE.search(netlist_of(gds))}
    assert (len(gds_of), len(with_devices)) == (437, 428)
    assert set(EXCEPTIONS) <= set(gds_of)
    assert len(with_devices - set(EXCEPTIONS)) == 419


def test_sample_in_klayout(tmp_path):
    check_klayout({name: cells()[name] for name in SAMPLE}, tmp_path)


@pytest.mark.parametrize("change", [wider, rewired])
def test_mutants_in_klayout(change, tmp_path):
    names = [name for name in SAMPLE if name not in EXCEPTIONS and name not in ("conb_1", "diode_2")]
    for name, found in klayout({name: cells()[name] for name in names}, tmp_path, change).items():
        assert not found["passed"], name


@pytest.mark.parametrize("name", ["dfxtp_1", "conb_1", "diode_2"])
def test_sample(name, tmp_path):
    gds = cells()[name]
    result = lvs.run(gds, gds.with_suffix(".spice"), work=tmp_path / "work")
    assert (result.passed, result.klayout, result.netgen) == (True, True, True), result.errors


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_in_klayout(chunk, tmp_path):
    check_klayout(dict([*cells().items()][chunk::CHUNKS]), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_in_netgen(chunk, tmp_path):
    """netgen agrees with KLayout on every cell, but that it is blind to what `EXCEPTIONS` says."""
    for name, gds in [*cells().items()][chunk::CHUNKS]:
        compared, errors = netgen(gds, tmp_path / name)
        matches = compared > 0 and not errors
        assert matches == EXCEPTIONS.get(name, ("", True))[1], (name, errors)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_mutants(chunk, tmp_path):
    """Each cell with one wrong transistor: KLayout finds all, netgen every fourth's (one Magic run each)."""
    for change in (wider, rewired):
        work = tmp_path / change.__name__
        work.mkdir()
        names = [
            name
            for name in [*cells()][chunk::CHUNKS]
            if name not in (*EXCEPTIONS, "conb_1", "diode_2", "macro_sparecell")
        ]
        for name, found in klayout({name: cells()[name] for name in names}, work, change).items():
            assert not found["passed"], (change, name)
        for name in names[::4]:
            compared, errors = netgen(cells()[name], work / name, change)
            assert errors, (change, name, compared)
