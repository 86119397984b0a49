"""Small layouts for extraction, drawn with klayout.db, and what is read back from the netlist."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import extract
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer


class Drawing:
    """A layout in um; the pieces are not meant to pass the design rules, only to extract."""

    def __init__(self, top: str = "cell") -> None:
        self.layout = kdb.Layout()
        self.layout.dbu = 0.001
        self.top = self.layout.create_cell(top)

    def box(self, layer: Layer, x1: float, y1: float, x2: float, y2: float) -> None:
        self.top.shapes(self.layout.layer(*layer)).insert(kdb.DBox(x1, y1, x2, y2))

    def pin(self, metal: str, name: str, x: float, y: float) -> None:
        pair = PIN_LAYERS[metal]
        self.box(pair.pin, x - 0.07, y - 0.07, x + 0.07, y + 0.07)
        for layer in (pair.pin, pair.label):
            self.top.shapes(self.layout.layer(*layer)).insert(kdb.DText(name, x, y))

    def contact(self, name: str, x: float, y: float) -> None:
        self.box(layers.LICON1, x - 0.085, y - 0.085, x + 0.085, y + 0.085)
        self.box(layers.LI1, x - 0.085, y - 0.165, x + 0.085, y + 0.165)
        self.pin("li1", name, x, y)

    def fet(
        self,
        x: float,
        y: float,
        w: float,
        length: float,
        nets: str,
        *,
        implant: Layer = layers.NSDM,
        drain: bool = True,
    ) -> None:
        """Gate at `x`, diffusion from `y` up; `nets` names drain, gate and source."""
        d, g, s = nets.split()
        half = length / 2
        right = 0.29 if drain else 0.0
        self.box(layers.DIFF, x - half - 0.29, y, x + half + right, y + w)
        self.box(implant, x - half - 0.45, y - 0.13, x + half + 0.45, y + w + 0.13)
        self.box(layers.POLY, x - half, y - 0.13, x + half, y + w + 0.5)
        self.box(layers.POLY, x - 0.135, y + w + 0.23, x + 0.135, y + w + 0.5)
        self.box(layers.NPC, x - 0.2, y + w + 0.15, x + 0.2, y + w + 0.6)
        self.contact(g, x, y + w + 0.365)
        self.contact(s, x - half - 0.145, y + 0.2)
        if drain:
            self.contact(d, x + half + 0.145, y + 0.2)

    def tap(self, x: float, y: float, net: str, implant: Layer = layers.PSDM) -> None:
        self.box(layers.TAP, x, y, x + 0.5, y + 0.5)
        self.box(implant, x - 0.13, y - 0.13, x + 0.63, y + 0.63)
        self.contact(net, x + 0.25, y + 0.25)

    def wire(self, name: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.box(layers.MET1, x1, y1, x2, y2)
        self.pin("met1", name, x1 + 0.07, y1 + 0.07)

    def write(self, path: Path) -> Path:
        self.layout.write(str(path))
        return path


class Read:
    """What stands in an extracted netlist; nothing else may stand there."""

    def __init__(self, path: Path) -> None:
        self.pins: list[str] = []
        self.devices: list[tuple[tuple[str, ...], str, dict[str, float]]] = []
        self.capacitors: dict[frozenset[str], float] = {}
        for line in path.read_text().splitlines():
            words = line.split()
            if words[0] == ".subckt":
                self.pins = words[2:]
            elif words[0].startswith("X"):
                names = [word for word in words[1:] if "=" not in word]
                values = dict(word.split("=") for word in words[1:] if "=" in word)
                self.devices.append((tuple(names[:-1]), names[-1], {key: float(v) for key, v in values.items()}))
            elif words[0].startswith("C"):
                assert frozenset(words[1:3]) not in self.capacitors
                self.capacitors[frozenset(words[1:3])] = float(words[3])
            else:
                assert words[0] in ("*", ".ends"), line

    def device(self, *nodes: str) -> tuple[str, dict[str, float]]:
        """Model and sizes of the only device between these nodes; the ends of a channel may be swapped."""
        swapped = (nodes[2], nodes[1], nodes[0], *nodes[3:]) if len(nodes) == 4 else nodes[::-1]
        (found,) = [(model, sizes) for names, model, sizes in self.devices if names in (nodes, swapped)]
        return found

    def coupling_af(self, one: str, other: str) -> float:
        return self.capacitors.get(frozenset((one, other)), 0.0) * 1e18


@pytest.fixture
def drawing() -> type[Drawing]:
    return Drawing


@pytest.fixture
def read() -> type[Read]:
    return Read


@pytest.fixture
def one_fet(drawing: type[Drawing]) -> Drawing:
    """An nfet with its tap: pins d, g, s, b."""
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s")
    cell.tap(2, 0, "b")
    return cell


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, extract.ExtractResult]:
    """One of each device that the cells use; the isolated p-well's two diffusions are 2 um apart."""
    cell = Drawing("devices")
    cell.fet(0, 0, 1, 0.15, "nd ng ns")
    cell.tap(2, 0, "vss")
    cell.box(layers.NWELL, -2, 5, 6, 9)
    cell.fet(0, 6, 2, 0.5, "pd pg ps", implant=layers.PSDM)
    cell.tap(3, 6, "vdd", layers.NSDM)
    cell.box(layers.DNWELL, 10, -1, 20, 9)
    for x1, y1, x2, y2 in ((9.6, -1.4, 20.4, 0), (9.6, 8, 20.4, 9.4), (9.6, 0, 11, 8), (19, 0, 20.4, 8)):
        cell.box(layers.NWELL, x1, y1, x2, y2)
    cell.fet(14, 3, 1, 0.15, "id ig is")
    cell.tap(17, 3, "ib")
    cell.tap(10, 3, "dn", layers.NSDM)
    cell.box(layers.MET3, 30, 0, 36, 6)
    cell.box(layers.CAPM, 31, 1, 35, 4)
    cell.box(layers.MET4, 32, 2, 33, 3)
    cell.box(layers.VIA3, 32.4, 2.4, 32.6, 2.6)
    cell.pin("met3", "bottom", 30.3, 0.3)
    cell.pin("met4", "plate", 32.5, 2.8)
    # A dummy: source and drain on one net.
    cell.fet(-5, 0, 1, 0.15, "ts tg ts")
    cell.box(layers.LI1, -5.305, -0.2, -4.695, 0.05)
    # Two fingers of different width share the diffusion between their gates.
    cell.fet(-10, 0, 1, 0.15, "f1 h1 m")
    cell.fet(-10.73, 0, 0.5, 0.15, "m h2 f2")
    cell.box(layers.POLY_RES, 50, 2.16, 50.35, 7.16)
    cell.box(layers.POLY, 50, 0, 50.35, 9.32)
    for layer in (layers.RPM, layers.PSDM, layers.NPC):
        cell.box(layer, 49.5, -0.5, 51.27, 9.82)
    for name, y in (("r0", 0.0), ("r1", 7.12)):
        cell.box(layers.LICON1, 50.08, y + 0.08, 50.27, y + 2.08)
        cell.box(layers.LI1, 50, y, 50.35, y + 2.2)
        cell.pin("li1", name, 50.175, y + 1)
    folder = tmp_path_factory.mktemp("devices")
    out = folder / "devices.pex.spice"
    return out, extract.run(cell.write(folder / "devices.gds"), out=out, work=folder / "a folder")


@pytest.fixture
def fake_magic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """``fake_magic(body)`` puts a Python script in Magic's place."""

    def put(body: str) -> None:
        script = tmp_path / "fake_magic"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
            "if sys.argv[1:] == ['--version']:\n    print('9.9.9')\n    sys.exit(0)\n" + body
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("MIRRORNEURON_MAGIC", str(script))

    return put
