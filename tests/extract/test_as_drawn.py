"""Extraction of layouts as others draw them: names that differ in case alone, deep n-wells, gzipped files."""

from __future__ import annotations

import gzip
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import extract
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import NetlistError

from tests.kit.lvs import Drawing, Row


def test_names_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.row(Row("n", ("a", "b"), ("g",), ("vss",)))
    drawing.join()
    drawing.labels({"a": "vSS", "b": "Vss", "g": "g", "vss": "sub"})
    gds = drawing.write(tmp_path / "cell.gds")
    with pytest.raises(NetlistError, match=r"labels (vSS and Vss|Vss and vSS) .* differ in case alone"):
        extract.run(gds, out=tmp_path / "cell.pex.spice", work=tmp_path / "work")
    assert not (tmp_path / "cell.pex.spice").exists()


@pytest.mark.parametrize("closed", [True, False])
def test_deep_n_wells(closed: bool, tmp_path: Path) -> None:
    """Transistors outside stay on the substrate; a p-well whose ring is open is the substrate, too."""
    drawing = Drawing()
    drawing.row(Row("n", ("c", "d"), ("g",), ("vss",)))
    drawing.row(Row("i", ("e", "f"), ("h",), ("well",) if closed else ("vss",), ring="ring"))
    drawing.join()
    drawing.labels({net: net for net in drawing.tracks})
    if not closed:
        nwell = drawing.layout.layer(*layers.NWELL)
        box = drawing.cell.bbox()
        kept = kdb.Region(drawing.cell.shapes(nwell)) - kdb.Region(kdb.Box(1500, box.bottom, box.right, box.top))
        drawing.cell.shapes(nwell).clear()
        drawing.cell.shapes(nwell).insert(kept)
    plain = drawing.write(tmp_path / "plain.gds")
    gds = tmp_path / "cell.gds.gz"
    gds.write_bytes(gzip.compress(plain.read_bytes()))
    result = extract.run(gds, out=tmp_path / "cell.pex.spice", work=tmp_path / "work")
    devices = [line.split()[1:5] for line in result.pex.read_text().splitlines() if line.startswith("X")]
    bulks = {frozenset(nets[:3]): nets[3] for nets in devices}
    assert bulks == {frozenset("cdg"): "vss", frozenset("efh"): "well" if closed else "vss"}
