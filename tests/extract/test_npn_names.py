"""An npn under the names and forms of both generations of Magic, from its ``.ext`` lines."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows.extract import ext_file
from mirrorneuron.flows.extract.names import NetNames
from mirrorneuron.flows.extract.netlist import DrawnDevices, PexNetlist
from mirrorneuron.flows.extract.npn import Emitter
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.technology.magic import DeviceRules

HEAD = """\
timestamp 1
version 8.3
tech sky130A
scale 1000 1 0.5
resistclasses 1000
port "c" 1 0 0 1 1 m1
port "b" 2 0 0 1 1 m1
port "e" 3 0 0 1 1 m1
node "c" 10 9000 0 0 m1 100 40
node "b" 10 100 0 0 m1 100 40
node "e" 10 50 0 0 m1 100 40
substrate "s" 0 0 0 0 m1 100 40
"""
OLD = 'device msubckt sky130_fd_pr__npn_05v5 549 549 550 550 "s" "b" 0 0 "e" 0 0 "c" 0 0\n'
NEW = (
    'device msubckt sky130_fd_pr__npn_05v5_W1p00L1p00 549 549 550 550 "s" "b" 0 0 "e" 0 40000,800 "c" 0 2446096,6256\n'
)
OTHER = NEW.replace("npn_05v5_W1p00L1p00", "npn_11v0_W1p00L1p00")


def _netlist(line: str, folder: Path) -> PexNetlist:
    path = folder / "cell.ext"
    path.write_text(HEAD + line)
    extracted = ext_file.read(path)
    emitter = Emitter(kdb.DBox(3.8, 3.8, 4.8, 4.8), 1.0, 0, 8900.0)
    names = NetNames(extracted, "cell", ("c", "b", "e", "s"))
    return PexNetlist(extracted, names, DrawnDevices([], [emitter]), DeviceRules((1000,), {}, {}))


@pytest.mark.parametrize("line", [OLD, NEW])
def test_the_model_is_that_of_the_emitter(line: str, tmp_path: Path) -> None:
    netlist = _netlist(line, tmp_path)
    assert "X0 c b e s sky130_fd_pr__npn_05v5_w1p00l1p00\n" in netlist.text("title", "cell", {})
    # The well is in the model, and would count twice.
    assert list(netlist.well_capacitances_af()) == [("c", 8900.0)]


def test_another_bipolar_transistor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="npn_11v0_W1p00L1p00"):
        _netlist(OTHER, tmp_path)
