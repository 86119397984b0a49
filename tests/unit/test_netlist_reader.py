"""The one reader of SPICE netlists: its language, its places in messages, its limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows.lvs import schematic
from mirrorneuron.flows.lvs.circuit import LvsDevice
from mirrorneuron.flows.matching import netlist as matching_netlist
from mirrorneuron.flows.simulate.circuit import flat_elements
from mirrorneuron.pdk_sky130.errors import FileError, InputError, NetlistError
from mirrorneuron.pdk_sky130.spice import Scope, netlist, number
from mirrorneuron.pdk_sky130.spice.expression import DEPTH_MAX
from mirrorneuron.pdk_sky130.spice.flatten import flatten

FET = "sky130_fd_pr__nfet_01v8"
HEAD = ".subckt mirror in out vss\n"
PLAIN = f"{HEAD}X1 in in vss vss {FET} w=2 l=0.5 nf=2 m=3\nX2 out in vss vss {FET} w=2 l=0.5 nf=2 m=3\n.ends\n"
UNIT = f".subckt unit d g s params: lx=0.5 wx=1\n.param half='wx/2'\nXm d g s s {FET} w={{4*half}} l=lx\n.ends\n"
GEOMETRY = "ad='int((nf+1)/2) * W/nf * 0.29' pd='2*int((nf+1)/2) * (W/nf + 0.29)' nrd='0.29 / W' sa=0 mult=1"

SAME: dict[str, str | bytes] = {
    "plain": PLAIN,
    "capital letters": PLAIN.upper(),
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "Latin-1": b"* \xb5-amperes\n" + PLAIN.encode(),
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "comments": PLAIN.replace("m=3\n", "m=3 $ three\n", 1).replace("m=3\n.ends", "m=3; also three\n.ends"),
    "comments between continuations": PLAIN.replace(" out vss", "\n* a comment\n\n$ another\n+ out vss"),
    "title": f"my favourite mirror\n{PLAIN}",
    "global nets and end": f".GLOBAL vss\n{PLAIN}.end\nwhat follows is not read\n",
    "parameters": f".param wu=2 three=3\n{PLAIN.replace('w=2', 'w=wu').replace('m=3', 'm={three}')}",
    "expressions": PLAIN.replace("w=2", "w='2 * 1.0'").replace("l=0.5", "l={1/2}"),
    "metres": PLAIN.replace("w=2 l=0.5", "w=2u l=5e-07"),
    "the foundry's scale": PLAIN.replace("w=2 l=0.5", "w=2000000u l=500000u"),
    "M lines": PLAIN.replace("X1", "M1").replace("X2", "M2"),
    "models without prefix": PLAIN.replace("sky130_fd_pr__", ""),
    "slash of CDL": PLAIN.replace(f" {FET}", f" / {FET}"),
    "subcircuit of xschem": PLAIN.replace(".subckt", "**.subckt").replace(".ends", "*.iopin in\n**.ends"),
    "geometry of xschem": PLAIN.replace("nf=2", f"nf=2 {GEOMETRY}"),
    "options and libraries": f'.option scale=1u reltol=1e-4\n.lib "models.spice" tt\n.temp 27\n{PLAIN}',
    "a title that reads like a transistor": f"my mirror of four units for everybody\n{PLAIN}",
    "analyses and commands": f"{PLAIN}.tran 1n 1u\n.save v(in)\n.control\nrun\nplot in\n.endc\n",
    "another name of the top circuit": PLAIN.replace("mirror", "mirror_v2"),
    "the same subcircuit twice": f"{UNIT}{UNIT}{PLAIN}",
    "subcircuits": f"{UNIT}{HEAD}X1 in in vss unit m=3\nX2 out in vss unit m=3 wx='2-1'\n.ends\n",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def _write(content: str | bytes, name: str = "mirror.spice") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def lvs_devices(path: Path) -> list[tuple[object, ...]]:
    """What LVS compares, copies taken together."""
    copies: dict[tuple[object, ...], float] = {}
    for device in schematic.read(path, "mirror").devices:
        sizes = {key: round(size, 9) for key, size in device.sizes.items() if key != "m"}
        key = (device.nets, device.model, *sizes.items())
        copies[key] = copies.get(key, 0.0) + device.sizes["m"]
    return sorted((*key, count) for key, count in copies.items())


def is_device(name: str) -> bool:
    return name == FET


@pytest.mark.parametrize("name", SAME)
def test_every_way_to_write_it_is_the_same_circuit_to_lvs_and_matching(name: str, write: Callable[..., Path]) -> None:
    path = write(SAME[name])
    assert lvs_devices(path) == [((net, "in", "vss", "vss"), FET, ("w", 2.0), ("l", 0.5), 3.0) for net in ("in", "out")]
    transistors = matching_netlist.read(path, "mirror")
    assert [(t.drain, t.gate, t.source, t.bulk, t.w, t.l, t.copies) for t in transistors] == [
        (net, "in", "vss", "vss", 2000.0, 500.0, 3) for net in ("in", "out")
    ]


@pytest.mark.parametrize("name", SAME)
def test_every_way_to_write_it_is_the_same_circuit_to_the_simulator(name: str, write: Callable[..., Path]) -> None:
    elements = flat_elements(netlist.read(write(SAME[name])), "mirror", is_device, lambda _: False)
    assert [(e.letter, e.model, e.nodes) for e in elements] == [
        ("x", FET, (net, "in", "vss", "vss")) for net in ("in", "out")
    ]
    assert [(e.parameters["w"], e.parameters["l"], e.parameters["m"]) for e in elements] == [(2.0, 0.5, 3.0)] * 2


def test_pins_keep_their_spelling() -> None:
    circuit = netlist.parse(".SUBCKT Top Out IN\n* the supply\n+ VDD w=1\n.ENDS\n").subcircuit("TOP")
    assert (circuit.pins, circuit.spelling) == (("out", "in", "vdd"), ("Out", "IN", "VDD"))
    assert circuit.defaults == {"w": "1"}


def test_a_subcircuit_that_is_no_comment_wins_over_one_that_is() -> None:
    commented = "**.subckt top a b\nR1 a b 1\n**.ends\n"
    for text in (f"{commented}.subckt top c d\n.ends\n", f".subckt top c d\n.ends\n{commented}"):
        assert netlist.parse(text).subcircuit("top").pins == ("c", "d")


def test_copies_of_a_subcircuit_have_nets_of_their_own_in_lvs(write: Callable[..., Path]) -> None:
    stack = f".subckt stack d g s\nX1 d g mid s {FET} w=1 l=1\nX2 mid g s s {FET} w=1 l=1\n.ends\n"
    path = write(f"{stack}.subckt top in out vss\nXs out in vss stack m=2\n.ends\n")
    devices = schematic.read(path, "top").devices
    assert [device.nets[:3] for device in devices] == [
        ("out", "in", "xs.0.mid"),
        ("xs.0.mid", "in", "vss"),
        ("out", "in", "xs.1.mid"),
        ("xs.1.mid", "in", "vss"),
    ]
    assert [transistor.copies for transistor in matching_netlist.read(path, "top")] == [2, 2]


def test_lvs_gives_each_device_the_letter_of_its_model(write: Callable[..., Path]) -> None:
    text = (
        f".subckt top a b c\nM1 a b c c {FET} w=1 l=1\nXM1 a b c c nfet_01v8 w=1 l=1\nX2 a b res_generic_m1 w=1 l=2\n"
    )
    circuit = schematic.read(write(f"{text}.ends\n"), "top")
    assert [device.name for device in circuit.devices] == ["xm1", "xm1_", "rx2"]
    assert circuit.devices[2] == LvsDevice("rx2", ("a", "b"), "sky130_fd_pr__res_generic_m1", {"w": 1, "l": 2, "m": 1})
    assert circuit.text.splitlines()[-2] == "rx2 a b sky130_fd_pr__res_generic_m1 w=1 l=2 m=1"


def test_included_files_are_read_beside_their_includer_and_have_no_title(write: Callable[..., Path]) -> None:
    write(UNIT.replace(".subckt unit", "* the unit\n.SUBCKT Unit"), "My Unit.spice")
    path = write(f'{HEAD}X1 in in vss unit\nX2 out in vss unit\n.ends\n.include "My Unit.spice"\n')
    assert len(schematic.read(path, "mirror").devices) == 2
    write(f"a title\n{UNIT}", "My Unit.spice")
    with pytest.raises(NetlistError, match=r"My Unit\.spice, line 1"):
        schematic.read(path, "mirror")


def test_an_included_file_that_is_no_netlist_is_not_shown(write: Callable[..., Path]) -> None:
    write("the secret of some private file\n", "private.txt")
    write(b"\x00\x01", "binary")
    for name, message in (
        ("private.txt", "private.txt, line 1"),
        ("binary", "no text file"),
        ("none", "cannot be read"),
    ):
        with pytest.raises(NetlistError, match=message) as error:
            schematic.read(write(f".include {name}\n{PLAIN}"), "mirror")
        assert "secret" not in str(error.value)


REFUSED = {
    "a parameter that changes the device": (PLAIN.replace("nf=2", "delvto=0.1"), "line 2.*delvto=0.1 is no size"),
    "mult that is not m": (PLAIN.replace("m=3", "mult=4"), "mult=4 is neither 1 nor m"),
    "mf of a capacitor": (
        ".subckt mirror a b\nXc a b sky130_fd_pr__cap_mim_m3_1 w=5 l=5 mf=2\n.ends\n",
        "mf=2 is neither 1 nor m",
    ),
    "a typing error": (PLAIN.replace("w=2", "w=2x"), "line 2.*w=2x is no number"),
    "a size that stands twice": (PLAIN.replace("w=2", "w=2 w=3"), "w= stands twice"),
    "scale": (f".option scale=1n\n{PLAIN}", "scale=1n contradicts the models"),
    "a CDL property": (PLAIN.replace("w=2", "$w=2"), r"\$w=2 is a CDL property or a comment"),
    "a pin twice": (".subckt mirror a A\n.ends\n", "names a pin twice: a"),
    "a parameter twice": (".subckt mirror a w=1\n.param w=2\n.ends\n", "w is a parameter of .subckt mirror already"),
    "half a subcircuit": (f"{UNIT}{HEAD}X1 in out vss unit m=1.5\n.ends\n", "m=1.5 must be a whole number"),
    "an unknown parameter of a call": (f"{UNIT}{HEAD}X1 in out vss unit w=1\n.ends\n", "no parameter w; it has lx, wx"),
    "a device's name": (f".subckt {FET} d g s b\nR1 d s 1\n.ends\n{PLAIN}", "has the name of a device of the PDK"),
    "an element outside": (f"{PLAIN}X3 in in vss vss {FET} w=2 l=0.5\n", "line 5.*A netlist for LVS is made of"),
    "a directive of nobody": (f"{PLAIN}.connect a b\n", "line 5: '.connect a b'"),
    "commands without end": (f"{PLAIN}.control\nrun\n", "line 5: .*not closed by .endc"),
    "a current source": (f"{HEAD}I1 in out 1u\n.ends\n", "1u is neither"),
    "a resistor of another model": (f"{HEAD}R1 in out rsomething\n.ends\n", "rsomething is no resistor that LVS"),
    "a source that is no short": (f"{HEAD}V1 in out 1.8\n.ends\n", "1.8 is no source that LVS compares"),
    "two candidates": (PLAIN.replace("mirror", "one") + PLAIN.replace("mirror", "two"), "it has: one, two"),
    "a subcircuit twice": (
        f"{UNIT}{UNIT.replace('lx=0.5', 'lx=0.6')}{PLAIN}",
        "unit is defined twice, and not the same",
    ),
    "a value": (f"{HEAD}R1 in out 1k\n.ends\n", "1k is no resistor that LVS compares"),
    "a global net on another": (
        f".global vss\n.subckt inv a vss\nX1 a a vss vss {FET} w=1 l=1\n.ends\n{HEAD}X1 in out inv\n.ends\n",
        "pin vss of inv is a global net, but out is connected to it",
    ),
    "two nets of one name": (
        f".subckt sub a\nX1 a n a a {FET} w=1 l=1\n.ends\n{HEAD}Xs in sub\nX2 xs.n in vss vss {FET} w=1 l=1\n.ends\n",
        "would both be called xs.n",
    ),
    "no element": (f"{HEAD}? in out\n.ends\n", "neither an element nor a directive"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_lvs_would_have_to_guess_is_refused(name: str, write: Callable[..., Path]) -> None:
    text, message = REFUSED[name]
    with pytest.raises(NetlistError, match=message):
        schematic.read(write(text), "mirror")


def test_an_empty_subcircuit_with_a_devices_name_stands_for_the_device(write: Callable[..., Path]) -> None:
    assert lvs_devices(write(f".subckt {FET} d g s b\n.ends\n{PLAIN}")) == lvs_devices(write(PLAIN, "plain.spice"))


def bombs() -> dict[str, str]:
    calls = [f".subckt a{k + 1} p\nX1 p a{k}\nX2 p a{k}\n.ends\n" for k in range(39)]
    chain = [f".subckt a{k + 1} p\nX1 p a{k}\n.ends\n" for k in range(2000)]
    leaf = f".subckt a0 p\nX1 p p p p {FET} w=1 l=1\n.ends\n"
    powers = [leaf.replace(" w=1", " w=1 m=1"), *(f".subckt a{k + 1} p\nX1 p a{k} m=1000\n.ends\n" for k in range(9))]
    top = ".subckt mirror in\nX1 in {}\n.ends\n"
    parameters = "".join(f".param p{k + 1}=p{k}\n" for k in range(5000))
    return {
        "two to the 39 calls": leaf + "".join(calls) + top.format("a39"),
        "two to the 39 empty subcircuits": ".subckt a0 p\n.ends\n" + "".join(calls) + top.format("a39"),
        "nested 2000 deep": leaf + "".join(chain) + top.format("a2000"),
        "copies of copies": "".join(powers) + top.format("a9"),
        "parentheses": PLAIN.replace("w=2", "w={" + 20_000 * "(" + "2" + 20_000 * ")" + "}"),
        "signs": PLAIN.replace("w=2", "w='" + 20_000 * "-" + "2'"),
        "powers": PLAIN.replace("w=2", "w='1" + 20_000 * "**1" + "'"),
        "chain of parameters": f".param p0=2\n{parameters}{PLAIN.replace('w=2', 'w=p5000')}",
    }


@pytest.mark.parametrize("name", bombs())
def test_every_recursion_has_a_limit(name: str, write: Callable[..., Path]) -> None:
    path = write(bombs()[name])
    started = time.process_time()
    with pytest.raises(InputError) as error:
        schematic.read(path, "mirror")
    assert time.process_time() - started < 2
    assert len(str(error.value)) < 600


def test_includes_have_limits(write: Callable[..., Path]) -> None:
    for k in range(25):
        write(f".include {k + 1}.spice\n", f"{k}.spice")
    write("* the end\n", "25.spice")
    with pytest.raises(NetlistError, match="more than 20 deep"):
        netlist.read(write(f".include 0.spice\n{PLAIN}"))
    for k in range(12):
        write(2 * f".include {k + 1}.spice\n", f"{k}.spice")
    write("* the end\n", "12.spice")
    with pytest.raises(NetlistError, match="more than 1000 files"):
        netlist.read(write(f".include 0.spice\n{PLAIN}"))


def test_files_that_are_no_netlist(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="is empty"):
        netlist.read(write(" \n"))
    with pytest.raises(FileError, match="cannot be read"):
        netlist.read(write(PLAIN).parent)
    monkeypatch.setattr("mirrorneuron.pdk_sky130.spice.text.FILE_MAX_BYTES", 10)
    with pytest.raises(FileError, match="larger than"):
        netlist.read(write(PLAIN))


def test_long_sums_are_no_deep_nesting() -> None:
    assert Scope({}).value("+".join(["1"] * 10_000)) == 10_000
    assert Scope({}).value("(" * (DEPTH_MAX - 1) + "2" + ")" * (DEPTH_MAX - 1)) == 2


@pytest.mark.parametrize(
    ("text", "value"), [("2um", 2e-6), ("1.8V", 1.8), ("10kOhm", 1e4), ("100Hz", 100.0), ("2x", None)]
)
def test_units_after_a_number(text: str, value: float | None) -> None:
    assert number(text) == (None if value is None else pytest.approx(value))


def test_names_of_a_flat_element_are_the_callers_before_its_own() -> None:
    circuits = netlist.parse(f".subckt top a w=3\nX1 a a a a {FET} w=w l='w/nf' nf=2 ad='l*nf'\n.ends\n")
    (element,) = flatten(circuits, circuits.subcircuit("top"), is_device)
    assert element.values() == {"w": 3.0, "l": 1.5, "nf": 2.0, "ad": 3.0}


def test_what_lvs_leaves_out_it_lists(write: Callable[..., Path]) -> None:
    text = PLAIN.replace("nf=2 m=3\n.ends", "nf=2 m=3 mult=3 ad=1p\nC1 in vss 1.5f\nC2 out vss c=2f\n.ends")
    given = schematic.load(write(f".temp 27\n{text.replace('mirror', 'other')}"), "mirror")
    assert [device.name for device in given.circuit.devices] == ["x1", "x2"]
    assert given.notes == (
        "the netlist's circuit other is compared with the cell mirror",
        "not followed: .temp (no influence on the circuit)",
        "parameters without influence on the devices, and how many have them: ad (1), mult (1)",
        "2 capacitors by value are left out: 3.5 fF in sum, the largest 2 fF",
    )


def test_a_resistor_of_0_ohm_ties_nets(write: Callable[..., Path]) -> None:
    shorts = "R1 in a 0\nR2 n1 n2 0\nV1 sub n1 0\nR3 n1 vss 0\n"
    text = f".subckt mirror in out vss sub\nX1 out a vss n2 {FET} w=1 l=1\n{shorts}.ends\n"
    given = schematic.load(write(text), "mirror")
    assert given.circuit.pins == ("in", "out", "vss")
    assert given.ties == {"sub": "vss"}
    assert given.circuit.devices[0].nets == ("out", "in", "vss", "vss")
    assert "pins sub and vss are one net" in given.notes


def test_a_value_before_the_model_follows_from_the_sizes(write: Callable[..., Path]) -> None:
    text = ".subckt top a b\nR1 a b 2k sky130_fd_pr__res_generic_po w=1 l=40\nC1 a b 1p cap_mim_m3_1 w=5 l=5\n.ends\n"
    devices = schematic.read(write(text), "top").devices
    assert [(device.nets, device.sizes["w"]) for device in devices] == [(("a", "b"), 1.0), (("a", "b"), 5.0)]


def test_libraries_are_read_beside_the_netlist(write: Callable[..., Path]) -> None:
    library = write(f"a title\n{UNIT}.subckt never_called a b\nR1 a b 1\n.ends\n", "stdcells.spice")
    text = f".include /nowhere/stdcells.spice\n{HEAD.replace('mirror', 'top')}X1 in in vss unit\n.ends\n"
    path = write(text)
    with pytest.raises(NetlistError, match=r"cannot be read.*given with --library"):
        schematic.load(path, "mirror")
    assert len(schematic.load(path, "mirror", [library]).circuit.devices) == 1
    assert len(matching_netlist.read(path, "mirror", [library])) == 1


def test_matching_refuses_what_lvs_refuses(write: Callable[..., Path]) -> None:
    for old, new, message in (
        ("nf=2", "delvto=0.1", "delvto=0.1 is no size"),
        ("m=3", "mult=4", "mult=4 is neither 1 nor m"),
        ("w=2", "w=2meg", "no size of a device"),
    ):
        with pytest.raises(NetlistError, match=message):
            matching_netlist.read(write(PLAIN.replace(old, new)), "mirror")


def test_the_simulator_takes_metres_and_refuses_sizes_that_are_none(write: Callable[..., Path]) -> None:
    text = PLAIN.replace("w=2 l=0.5 nf=2", "w=2u l=500n nf=2 ad=0.58p pd=4.58u")
    for element in flat_elements(netlist.read(write(text)), "mirror", is_device, lambda _: False):
        assert element.parameters == pytest.approx({"w": 2, "l": 0.5, "nf": 2, "ad": 0.58, "pd": 4.58, "m": 3})
    for old, new in (("w=2", "w=2meg"), ("m=3", "m=3 mult=2")):
        with pytest.raises(NetlistError, match=r"no size of a device|neither 1 nor m"):
            flat_elements(netlist.read(write(PLAIN.replace(old, new))), "mirror", is_device, lambda _: False)
