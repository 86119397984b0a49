"""Small layouts for the design rule check, drawn with klayout.db, and stand-ins for the programs."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer

sys.path.insert(0, str(Path(__file__).parent))  # for drc_patterns


class Drawing:
    """A layout in um."""

    def __init__(self, top: str = "cell") -> None:
        self.layout = kdb.Layout()
        self.layout.dbu = 0.001
        self.top = self.layout.create_cell(top)

    def box(self, layer: Layer, x1: float, y1: float, x2: float, y2: float) -> None:
        self.top.shapes(self.layout.layer(*layer)).insert(kdb.DBox(x1, y1, x2, y2))

    def dot(self, layer: Layer, width: float, x: float, y: float) -> None:
        """A path without length, extended by half its width."""
        path = kdb.DPath([kdb.DPoint(x, y), kdb.DPoint(x, y)], width, width / 2, width / 2)
        self.top.shapes(self.layout.layer(*layer)).insert(path)

    def text(self, layer: Layer, text: str, x: float, y: float) -> None:
        self.top.shapes(self.layout.layer(*layer)).insert(kdb.DText(text, x, y))

    def stack(self, x: float, y: float, enclosure: float = 0.425) -> None:
        """A 1 um square of met2 over one of met1 (whose edge is `enclosure` left of the cut), with a via."""
        self.box(layers.VIA, x - 0.075, y - 0.075, x + 0.075, y + 0.075)
        self.box(layers.MET1, x - 0.075 - enclosure, y - 0.5, x + 0.5, y + 0.5)
        self.box(layers.MET2, x - 0.5, y - 0.5, x + 0.5, y + 0.5)

    def pin(self, name: str, x: float, y: float) -> None:
        pair = PIN_LAYERS["met2"]
        self.box(pair.pin, x - 0.1, y - 0.1, x + 0.1, y + 0.1)
        self.text(pair.pin, name, x, y)
        self.text(pair.label, name, x, y)

    def write(self, path: Path) -> Path:
        self.layout.write(str(path))
        return path


@pytest.fixture
def drawing() -> type[Drawing]:
    return Drawing


@pytest.fixture(scope="session")
def clean_gds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Passes every deck."""
    clean = Drawing()
    clean.stack(0, 0)
    clean.stack(5, 0)
    clean.pin("a", 0, 0)
    return clean.write(tmp_path_factory.mktemp("clean") / "clean.gds")


@pytest.fixture(scope="session")
def defects(tmp_path_factory: pytest.TempPathFactory) -> drc.DrcResult:
    """The verdict of all decks on one layout with a defect every 10 um, the first in a cell that is placed there."""
    bad = Drawing()
    spacing = bad.layout.create_cell("spacing")
    inside = Drawing()
    inside.stack(0, 0)
    inside.stack(1.135, 0)
    spacing.copy_tree(inside.top)
    bad.top.insert(kdb.DCellInstArray(spacing, kdb.DTrans(kdb.DVector(10, 0))))
    bad.stack(20, 0, enclosure=0.05)
    bad.stack(30, 0)
    bad.box(layers.MET1, 30, 0, 30.602, 0.5)
    bad.stack(40, 0)
    bad.box(layers.MET1, 40, 3, 41, 3)
    bad.stack(50, 0)
    bad.box(PIN_LAYERS["met2"].pin, 52, 0, 52.2, 0.2)
    bad.stack(60, 0)
    bad.dot(layers.MET1, 0.3, 60, 0)
    folder = tmp_path_factory.mktemp("defects")
    return drc.run(bad.write(folder / "bad.gds"), work=folder / "work", jobs=2)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """``program("klayout", body)`` puts a Python script in a tool's place; ``arguments`` holds its command line."""

    def replace_tool(tool: str, body: str) -> None:
        script = tmp_path / f"fake_{tool}"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\narguments = sys.argv[1:]\n"
            "if arguments == ['--version']:\n    print('8.3.105')\n    sys.exit(0)\n"
            "given = dict(word.split('=', 1) for word in arguments if '=' in word)\n" + body
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv(f"MIRRORNEURON_{tool.upper()}", str(script))

    return replace_tool


@pytest.fixture
def only_main_deck(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDK without the two side checks, as open_pdks installs it."""
    pdk = replace(install.locate(), zero_area_deck=None, pin_label_deck=None)
    monkeypatch.setattr(install, "locate", lambda: pdk)
