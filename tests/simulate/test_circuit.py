from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows.simulate import circuit
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.spice import netlist


def _flat(text: str, top: str = "top") -> list[circuit.Element]:
    return circuit.flat_elements(
        netlist.parse(text), top, lambda name: name.startswith("sky130_fd_pr__"), lambda name: name == "metal"
    )


HIERARCHY = """\
.param unit=2
.subckt cell a b vss w=1 units=1
xm a b vss inner sky130_fd_pr__nfet_01v8 w={w*unit} l = 2
+ m = units
r1 inner vss 'unit*1k'
c1 a b 3f m=2
.ends
.subckt top in out vss
x1 in mid vss cell w=3 units=4
x2 mid out vss cell m=2
.ends cell
"""


def test_flatten_joins_names_and_evaluates_parameters() -> None:
    found = {element.name: element for element in _flat(HIERARCHY)}
    assert found["x1.xm"].nodes == ("in", "mid", "vss", "x1.inner")
    assert found["x1.xm"].parameters == {"w": 6.0, "l": 2.0, "m": 4.0}
    assert found["x1.r1"].value == 2000
    assert found["x1.c1"].value == pytest.approx(6e-15)
    # Two cells side by side: devices and capacitors double, resistors halve.
    assert found["x2.xm"].parameters == {"w": 2.0, "l": 2.0, "m": 2.0}
    assert found["x2.r1"].value == 1000
    assert found["x2.c1"].value == pytest.approx(12e-15)


def test_case_does_not_matter_and_pins_are_in_order() -> None:
    circuits = netlist.parse(".SUBCKT Top Out IN\nR1 Out in 1K\n.ENDS\n.end\n")
    assert circuits.subcircuit("TOP").pins == ("out", "in")


def test_included_file_is_read_beside_its_includer(tmp_path: Path) -> None:
    (tmp_path / "Parts").mkdir()
    (tmp_path / "Parts/Cell.spice").write_text(".subckt cell a b\nr1 a b 5\n.ends\n")
    top = tmp_path / "top.spice"
    top.write_text('.include "Parts/Cell.spice"\n.subckt top a b\nx1 a b cell\n.ends\n')
    found = circuit.flat_elements(netlist.read(top), "top", lambda _: False, lambda _: False)
    assert [element.name for element in found] == ["x1.r1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".subckt top a\nx1 a a missing\n.ends", "missing is no subcircuit"),
        (".subckt top a\nx1 a sky130_fd_pr__nfet_01v8 w={nothing}\n.ends", "nothing has no value"),
        (".subckt top a\nm1 a a a a nch w=1\n.ends", "model is not in the netlist"),
        (".subckt top a\nb1 a 0 v=1\n.ends", "B are not supported"),
        (".subckt top a\nr1 a 0\n.ends", "2 nodes and one value"),
        (".subckt top a\nr1 a 0 1k 5\n.ends", "2 nodes and one value"),
        (".subckt top a\nr1 a 0 1k tc1=3\n.ends", "tc1 is not understood"),
        (".subckt top a\nv1 a 0 sin(0 1 1k)\n.ends", "one value"),
        (".subckt top a\nr1 a 0 1k\nr1 a 0 2k\n.ends", "two instances r1"),
        (".subckt top a\nx1 a a cell\n.ends\n.subckt cell a\n.ends", "1 pins, 2 nets"),
        (".subckt top a\nx1 a cell k=3\n.ends\n.subckt cell a\n.ends", "no parameter k"),
        (".subckt top a\nx1 a top\n.ends", "contains itself"),
        (".subckt other a\n.ends\n.subckt more a\n.ends", "no .subckt top.*it has: more, other"),
        (".subckt top a\nr1 a 0 1k", "not closed by .ends"),
        (".ends", "without .subckt"),
        (".option scale=1\n.subckt top a\n.ends", "scale=1 contradicts"),
        ("r1 a 0 1k\n.subckt top a\n.ends", "not understood"),
        (".subckt top a\n.ends\n.subckt top b\n.ends", "defined twice, and not the same"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        _flat(text + "\n")


def test_missing_binary_and_endless_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        netlist.read(tmp_path / "none.spice")
    binary = tmp_path / "cell.gds"
    binary.write_bytes(b"\x00\x06\x00\x02\xff\xfe\x80")
    with pytest.raises(FileError, match="is a layout, no netlist"):
        netlist.read(binary)
    loop = tmp_path / "loop.spice"
    loop.write_text(".include loop.spice\n")
    with pytest.raises(NetlistError, match="includes itself"):
        netlist.read(loop)


def test_floating_nodes(write: Callable[..., Path]) -> None:
    text = """\
.subckt top in vdd vss
x1 in gate vss vss sky130_fd_pr__nfet_01v8 w=1 l=1
c1 gate vss 1f
i1 0 lost 1u
x2 lost gate sky130_fd_pr__cap_mim_m3_1 w=5 l=5
x3 vdd in vss sky130_fd_pr__res_xhigh_po_0p69 l=5
.ends
"""
    elements = _flat(text)
    assert circuit.floating_nodes(elements, ["vdd", "vss"]) == ["gate", "lost"]
    assert circuit.floating_nodes(elements, ["vdd", "vss", "gate"]) == ["lost"]


def test_an_extended_drain_is_not_exchanged_with_the_source():
    text = """
    .subckt top d g s
    x1 s g d d sky130_fd_pr__nfet_g5v0d16v0 w=20 l=0.7
    x2 d g s s sky130_fd_pr__nfet_g5v0d16v0 w=20 l=0.7
    .ends
    """
    flat = circuit.flat_elements(netlist.parse(text), "top", lambda name: "fet" in name, lambda _: False)
    assert [element.nodes[:3] for element in circuit.merge_parallel(flat)] == [("s", "g", "d"), ("d", "g", "s")]


def test_parallel_transistors_become_one_whichever_way_round_they_are():
    text = """
    .subckt top d g s
    x1 d g s s sky130_fd_pr__nfet_01v8 w=1 l=1 ad=0.2 as=0.4 pd=2 ps=4
    x2 s g d s sky130_fd_pr__nfet_01v8 w=1 l=1 ad=0.6 as=0.1 pd=6 ps=1 m=2
    x3 d g s s sky130_fd_pr__nfet_01v8 w=1 l=2
    .ends
    """
    flat = circuit.flat_elements(netlist.parse(text), "top", lambda name: "fet" in name, lambda _: False)
    merged = {element.name: element for element in circuit.merge_parallel(flat)}
    assert set(merged) == {"x1", "x3"}
    one = merged["x1"].parameters
    assert one["m"] == 3
    # The sums of areas and perimeters at d and at s stay: 0.2 + 2 x 0.1 and 0.4 + 2 x 0.6.
    assert {name: one["m"] * one[name] for name in ("ad", "as", "pd", "ps")} == pytest.approx(
        {"ad": 0.4, "as": 1.6, "pd": 4.0, "ps": 16.0}
    )
