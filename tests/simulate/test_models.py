"""Decks of `models`: their results against those of the whole library, and what they refuse.

The slow comparison prints its figures (``pytest -m slow -s tests/simulate/test_models.py``); docs/models.md has them.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.ngspice import spiceinit
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import CORNERS, Instance, Library, library
from numpy.typing import NDArray

TRANSISTOR_CORNERS = ("tt", "ff", "ss", "sf", "fs")
# The behaviour for which the library is written; ours must equal it.
SPE = spiceinit(())
HSA = SPE.replace("ngbehavior=spe", "ngbehavior=hsa")
TEMPERATURES = (-40.0, 27.0, 125.0)


@dataclass(frozen=True)
class Fet:
    """Sizes [um] to draw from, and the voltages [V] that drain and gate reach; ``fixed`` has no length of its own."""

    w: tuple[float, float]
    l: tuple[float, float]  # noqa: E741
    drain: float = 1.8
    gate: float = 1.8
    fixed: bool = False


FETS = {
    "nfet_01v8": Fet((0.42, 20), (0.15, 20)),
    "nfet_01v8_lvt": Fet((0.42, 20), (0.15, 20)),
    "nfet_01v8_esd": Fet((17.5, 40.3), (0.165, 0.165)),
    "pfet_01v8": Fet((0.42, 20), (0.15, 20)),
    "pfet_01v8_lvt": Fet((0.42, 20), (0.35, 20)),
    "pfet_01v8_hvt": Fet((0.42, 20), (0.15, 20)),
    "nfet_03v3_nvt": Fet((0.42, 20), (0.5, 0.9), 3.3, 3.3),
    "nfet_05v0_nvt": Fet((0.42, 20), (0.9, 25), 5, 5),
    "nfet_g5v0d10v5": Fet((0.42, 20), (0.5, 20), 5, 5),
    "pfet_g5v0d10v5": Fet((0.42, 20), (0.5, 20), 5, 5),
    "esd_nfet_05v0_nvt": Fet((17.5, 30), (0.9, 0.9), 5, 5),
    "esd_nfet_g5v0d10v5": Fet((17.5, 30), (0.55, 0.55), 5, 5),
    "esd_pfet_g5v0d10v5": Fet((14.5, 19.5), (0.55, 0.55), 5, 5),
    "nfet_g5v0d16v0": Fet((5, 50), (0.7, 20), 16, 5),
    "pfet_g5v0d16v0": Fet((5, 50), (0.66, 2.16), 16, 5),
    "nfet_20v0": Fet((60, 120), (0, 0), 20, 5, fixed=True),
    "nfet_20v0_nvt": Fet((60, 120), (0, 0), 20, 5, fixed=True),
    "nfet_20v0_zvt": Fet((60, 120), (0, 0), 20, 5, fixed=True),
    "nfet_20v0_iso": Fet((60, 120), (0, 0), 20, 5, fixed=True),
    "pfet_20v0": Fet((60, 120), (0, 0), 20, 5, fixed=True),
}
# Two terminals, and a third at the voltage [V] given: sizes [um] to draw from.
RESISTORS = {
    "res_generic_nd": ((0.15, 5), (1, 50), 0.0),
    "res_generic_pd": ((0.15, 5), (1, 50), 1.8),
    "res_xhigh_po": ((0.35, 5.73), (0.5, 50), 0.0),
    "res_high_po": ((0.35, 5.73), (0.5, 50), 0.0),
    "res_generic_po": ((0.33, 5), (1, 50), None),
    "res_iso_pw": ((2.65, 10), (5, 50), 3.0),
}
METALS = ("res_generic_l1", *(f"res_generic_m{k}" for k in range(1, 6)))
CAPACITORS = ("cap_mim_m3_1", "cap_mim_m3_2", "model__parasitic__cap_p2ps")
BIPOLARS = {
    "npn_05v5_w1p00l1p00": 1,
    "npn_05v5_w1p00l2p00": 1,
    "npn_11v0_w1p00l1p00": 1,
    "pnp_05v5_w0p68l0p68": -1,
    "pnp_05v5_w3p40l3p40": -1,
}


@dataclass
class Circuit:
    """Devices with what is connected to them: our instances, bare models' lines, sources, and the vectors to compare.

    ``vectors`` are the currents of sources; each belongs to a device.
    """

    instances: list[Instance] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    vectors: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.instances) + len(self.lines)

    def add(self, device: str, nodes: Sequence[str], parameters: dict[str, float], measured: Sequence[int]) -> None:
        """A device, between whose measured pins and their nodes are ammeters."""
        name = f"{self.count}"
        own = list(nodes)
        for pin in measured:
            own[pin] = f"p{name}_{pin}"
            self.sources.append(f"v{name}_{pin} {nodes[pin]} {own[pin]} 0")
            self.vectors[f"v{name}_{pin}"] = f"{device} {parameters} pin {pin}"
        if device in METALS:
            values = " ".join(f"{key}={value!r}" for key, value in parameters.items())
            self.lines.append(f"r{name} {' '.join(own)} sky130_fd_pr__{device} {values}")
            return
        self.instances.append(Instance(name, f"sky130_fd_pr__{device}", tuple(own), parameters))


@dataclass(frozen=True)
class Differences:
    """Of all figures above 1 pA: how many, their relative differences, what the worst is; below: the largest [A]."""

    above: NDArray[np.float64]
    worst: str
    below: float

    def __str__(self) -> str:
        return (
            f"{len(self.above)} currents above 1 pA: median {np.median(self.above):.1e}, "
            f"largest {self.above.max():.1e} ({self.worst}); below it {self.below:.1e} A"
        )


def _transistors(circuit: Circuit, count: int, points: int, rng: np.random.Generator) -> None:
    """`count` sizes of each transistor, all at the same `points` of bias (as parts of their voltages).

    Those of 20 V stay at one bias: their behavioural resistors converge from few points to others.
    """
    drain = np.where(rng.random(points) < 0.3, rng.uniform(0.02, 0.1, points), rng.uniform(-0.1, 1, points))
    gate = np.where(rng.random(points) < 0.4, rng.uniform(0.05, 0.4, points), rng.uniform(-0.1, 1, points))
    body = np.where(rng.random(points) < 0.3, 0.15, -0.5) * rng.random(points)
    parts = ((0.25, 0.5), (0.1, 0.6), (0.9, 0.6))[rng.integers(3)]
    one = {pin: np.full(points, part) for pin, part in zip("dgb", (*parts, 0), strict=True)}
    lines: set[str] = set()
    for device, fet in FETS.items():
        sign = -1 if "pfet" in device else 1
        bias = one if fet.fixed else {"d": drain, "g": gate, "b": body}
        rails = {pin: re.sub(r"\W", "_", f"{pin}{device[0]}{sign}_{fet.drain}_{fet.gate}") for pin in bias}
        for pin, values in bias.items():
            volt = sign * (fet.drain if pin == "d" else fet.gate)
            pairs = ",".join(f"{k + 1},{volt * value:.6f}" for k, value in enumerate(values))
            node = f"{rails[pin]}x" if pin == "g" else rails[pin]
            lines.add(f"b{rails[pin]} {node} 0 v=pwl(v(sel),{pairs})")
        lines.add(f"vac{rails['g']} {rails['g']} {rails['g']}x dc 0 ac 1")
        for parameters in _sizes(device, fet, count, rng):
            nodes = [rails["d"], rails["g"], "0", rails["b"], *["0"] * device.endswith("iso")]
            circuit.add(device, nodes, parameters, (0, 1, 3))
    circuit.sources += sorted(lines)


def _sizes(device: str, fet: Fet, count: int, rng: np.random.Generator) -> Iterator[dict[str, float]]:
    """Sizes as the logarithm is uniform; fingers, copies and junctions with some of them."""
    for _ in range(count):
        width, length = (float(np.exp(rng.uniform(*np.log(np.maximum(ends, 1e-9))))) for ends in (fet.w, fet.l))
        parameters = {"w": round(width, 2), "m": float(rng.integers(1, 4))}
        if not fet.fixed:
            parameters["l"] = max(round(length, 2), fet.l[0])
        if fet.drain > fet.gate:
            yield parameters
            continue
        fingers = int(rng.integers(1, 5))
        if width / fingers >= fet.w[0]:
            parameters["nf"] = float(fingers)
        if rng.random() < 0.5:
            area, edge = 0.29 * parameters["w"], 2 * (0.29 + parameters["w"])
            parameters |= {"ad": area, "as": area, "pd": edge, "ps": edge}
        yield parameters


def _others(circuit: Circuit, models: Library, diodes: Sequence[str], count: int, rng: np.random.Generator) -> None:
    """All that is no transistor: at 1.2 V; bipolars at 0.5 to 0.75 V; diodes either way."""
    circuit.sources += ["vr high 0 dc 1.2 ac 1", "vd forward 0 dc 0.55 ac 1", "vb below 0 dc -1.0 ac 1"]

    def size(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 2)

    for _ in range(count):
        for device, (widths, lengths, third) in RESISTORS.items():
            nodes = ["high", "0"]
            if third is not None:
                nodes.append(f"t{circuit.count}")
                circuit.sources.append(f"vt{circuit.count} {nodes[-1]} 0 {third}")
            circuit.add(
                device, nodes, {"w": size(*widths), "l": size(*lengths), "m": float(rng.integers(1, 4))}, (0, 1)
            )
        for device in METALS:
            circuit.add(device, ["high", "0"], {"w": size(0.3, 5), "l": size(1, 50)}, (0,))
        for device in CAPACITORS:
            circuit.add(
                device, ["high", "0"], {"w": size(2, 30), "l": size(2, 30), "m": float(rng.integers(1, 4))}, (0,)
            )
        for device in diodes:
            for node in ("forward", "below"):
                circuit.add(device, [node, "0"], {"area": size(1, 20), "perim": size(4, 20)}, (0,))
        for device, sign in BIPOLARS.items():
            k = circuit.count
            base = rng.uniform(0.5, 0.75)
            circuit.sources += [f"vq{k} c{k} 0 dc {sign * 1.5}", f"vp{k} b{k} 0 dc {sign * base:.4f} ac 1"]
            pins = models.pins(f"sky130_fd_pr__{device}")
            nodes = [f"c{k}", f"b{k}", "0", *["0"] * (len(pins) - 3)]
            circuit.add(device, nodes, {"m": float(rng.integers(1, 4))}, (0, 1))


def _run(
    folder: Path, lines: Sequence[str], circuit: Circuit, points: int, settings: str = ""
) -> list[dict[str, NDArray[np.complex128]]]:
    """At each temperature all points of bias, then small signals at the first two; values by vector."""
    commands = ["optran 1 1 1 0 0 0", "set appendwrite", *(f"save {name}#branch" for name in circuit.vectors)]
    for temperature in TEMPERATURES:
        commands += [f"set temp = {temperature}", f"dc vsel 1 {points} 1", "write out.raw"]
        for point in range(1, 1 + min(points, 2)):
            commands += [f"alter vsel = {point}", "op", "ac lin 1 1e6 1e6", "write out.raw"]
    folder.mkdir()
    (folder / ".spiceinit").write_text(settings or spiceinit(lines))
    deck = [
        "* comparison",
        ".option gmin=1e-15 abstol=1e-17 reltol=1e-6 vntol=1e-9",
        *lines,
        "vsel sel 0 1",
        *circuit.sources,
        ".control",
        *commands,
        "quit",
        ".endc",
        ".end",
    ]
    (folder / "deck.cir").write_text("\n".join(deck) + "\n")
    log = folder / "log"
    done = tools.run(
        "ngspice", ["-b", "deck.cir"], cwd=folder, log=log, timeout_s=300, env={"HOME": str(folder)}, ok_codes=None
    )
    assert not re.search(r"abort|no such|unknown subckt|could not find", done.stdout + done.stderr, re.I), log
    plots = [plot.vectors for plot in rawfile.read(folder / "out.raw")]
    assert len(plots) == len(TEMPERATURES) * (1 + min(points, 2))
    return [{name: plot[f"i({name})"] for name in circuit.vectors} for plot in plots]


def _ours(pdk: install.Pdk, corner: str, circuit: Circuit) -> list[str]:
    return [
        *library(pdk.continuous, corner).deck(circuit.instances, [line.split()[3] for line in circuit.lines]),
        *circuit.lines,
    ]


def _whole(pdk: install.Pdk, corner: str, circuit: Circuit) -> list[str]:
    lines = [f".lib {pdk.continuous / 'sky130.lib.spice'} {corner}", *circuit.lines]
    for one in circuit.instances:
        values = " ".join(f"{name}={value!r}" for name, value in one.parameters.items())
        lines.append(f"x{one.name} {' '.join(one.nodes)} {one.device} {values}")
    return lines


def _differences(
    found: Sequence[dict[str, NDArray[np.complex128]]],
    expected: Sequence[dict[str, NDArray[np.complex128]]],
    circuit: Circuit,
) -> Differences:
    above: list[NDArray[np.float64]] = []
    worst, largest, below = "none", -1.0, 0.0
    for number, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        for name, what in circuit.vectors.items():
            a, b = mine[name], theirs[name]
            assert a.shape == b.shape and np.isfinite(a).all() and np.isfinite(b).all(), what
            size = np.maximum(np.abs(a), np.abs(b))
            flows = size > 1e-12
            relative = np.abs(a - b)[flows] / size[flows]
            above.append(relative)
            below = max(below, float(np.abs(a - b)[~flows].max(initial=0.0)))
            if relative.max(initial=-1.0) > largest:
                largest = float(relative.max())
                worst = f"{what}, result {number}"
    return Differences(np.concatenate(above), worst, below)


def _compare(pdk: install.Pdk, corner: str, circuit: Circuit, folder: Path, points: int) -> Differences:
    expected = _run(folder / "whole", _whole(pdk, corner, circuit), circuit, points, HSA)
    found = _run(folder / "ours", _ours(pdk, corner, circuit), circuit, points)
    return _differences(found, expected, circuit)


def _devices(pdk: install.Pdk, kind: str) -> list[str]:
    text = (pdk.continuous / f"models_{kind}.spice").read_text().lower()
    return re.findall(r"^\.subckt\s+sky130_fd_pr__(\w+)", text, re.M)


def _circuit(pdk: install.Pdk, count: int, points: int, *seed: int) -> Circuit:
    circuit, rng = Circuit(), np.random.default_rng(seed)
    _transistors(circuit, count, points, rng)
    _others(circuit, library(pdk.continuous, "tt"), _devices(pdk, "diodes"), count, rng)
    return circuit


@pytest.mark.parametrize("corner", TRANSISTOR_CORNERS)
def test_results_are_those_of_the_whole_library(pdk: install.Pdk, tmp_path: Path, corner: str) -> None:
    circuit = _circuit(pdk, 1, 4, 4, CORNERS.index(corner))
    differences = _compare(pdk, corner, circuit, tmp_path, 4)
    assert differences.above.max() <= 1e-3, differences
    assert differences.below <= 1e-15
    assert len(differences.above) > 800  # the comparison is about currents that flow


def test_several_fingers_take_the_bin_of_one_finger(pdk: install.Pdk, tmp_path: Path) -> None:
    """Every transistor with fingers, two to four: ours and the whole library under spe equal the library under hsa."""
    circuit, rng = Circuit(), np.random.default_rng(46)
    fets = {device: fet for device, fet in FETS.items() if not fet.fixed and fet.drain <= fet.gate}
    for device, fet in fets.items():
        sign = -1 if "pfet" in device else 1
        for fingers in (2.0, 3.0, 4.0):
            width = round(float(rng.uniform(fet.w[0] * fingers, max(fet.w[1], fet.w[0] * fingers))) + 0.01, 2)
            length = max(round(float(rng.uniform(*fet.l)), 2), fet.l[0])
            k = circuit.count
            circuit.sources += [
                f"vd{k} d{k} 0 {sign * fet.drain / 2}",
                f"bg{k} g{k} 0 v={sign * fet.gate}*(0.2+0.2*v(sel))",
                f"vs{k} s{k} 0 0 ac 1",
            ]
            circuit.add(device, [f"d{k}", f"g{k}", f"s{k}", "0"], {"w": width, "l": length, "nf": fingers}, (0,))
    whole, ours = _whole(pdk, "tt", circuit), _ours(pdk, "tt", circuit)
    assert "ngbehavior=spe" in spiceinit(ours)
    expected = _run(tmp_path / "hsa", whole, circuit, 3, HSA)
    for folder, lines in (("ours", ours), ("whole", whole)):
        differences = _differences(_run(tmp_path / folder, lines, circuit, 3, SPE), expected, circuit)
        assert differences.above.max() <= 1e-3, (folder, differences)
        assert len(differences.above) > 300
    one = circuit.instances[0]
    circuit.instances[0] = Instance(one.name, one.device, one.nodes, {**one.parameters, "nf": 1.0})
    wrong = _run(tmp_path / "wrong", _ours(pdk, "tt", circuit), circuit, 3)
    assert _differences(wrong, expected, circuit).above.max() > 1e-3, "one finger instead of two shows"


def test_copies_inside_of_a_device_ask_for_hsa() -> None:
    inside = [".subckt fet d s", "+ m=2", ".param m=1", "xd s d diode area=1", "+ m = 0.5", ".ends"]
    assert "ngbehavior=hsa" in spiceinit(inside)
    assert "ngbehavior=spe" in spiceinit([*inside[:4], ".ends", "x1 a b fet m=3"])


@pytest.mark.slow
@pytest.mark.parametrize("corner", CORNERS)
def test_many_results_are_those_of_the_whole_library(pdk: install.Pdk, tmp_path: Path, corner: str) -> None:
    circuit = _circuit(pdk, 6, 15, 400, CORNERS.index(corner))
    differences = _compare(pdk, corner, circuit, tmp_path, 15)
    print(f"\n{corner}: {differences}")
    assert differences.above.max() <= 1e-3, differences
    assert differences.below <= 1e-15
    assert len(differences.above) > 15_000


def test_comparison_sees_half_a_percent_of_one_width(pdk: install.Pdk, tmp_path: Path) -> None:
    circuit = _circuit(pdk, 1, 4, 4, 0)
    right = _run(tmp_path / "right", _ours(pdk, "tt", circuit), circuit, 4)
    one = next(k for k, instance in enumerate(circuit.instances) if instance.device.endswith("pfet_01v8_hvt"))
    instance = circuit.instances[one]
    wider = {**instance.parameters, "w": instance.parameters["w"] * 1.005}
    circuit.instances[one] = Instance(instance.name, instance.device, instance.nodes, wider)
    differences = _differences(_run(tmp_path / "wrong", _ours(pdk, "tt", circuit), circuit, 4), right, circuit)
    assert differences.above.max() > 1e-3
    assert "pfet_01v8_hvt" in differences.worst
    assert np.median(differences.above) == 0


def test_comparison_names_every_device_of_the_library(pdk: install.Pdk) -> None:
    named = {*FETS, *RESISTORS, *CAPACITORS, *BIPOLARS}
    for kind in ("fet", "resistors", "capacitors", "bjt"):
        # Transistors within the extended-drain ones.
        assert {name for name in _devices(pdk, kind) if not name.endswith("_base")} <= named
    assert len(_devices(pdk, "diodes")) > 10


def test_corners_and_instances_differ_where_they_must(pdk: install.Pdk) -> None:
    one = Instance("1", "sky130_fd_pr__nfet_01v8", ("d", "g", "s", "b"), {"w": 2.0, "l": 2.0})
    decks = {corner: "\n".join(library(pdk.continuous, corner).deck([one])) for corner in CORNERS}
    assert len({decks[corner] for corner in ("tt", "ff", "ss", "sf")}) == 4
    shifts = {corner: float(deck.split("delvto=")[1]) for corner, deck in decks.items()}
    assert shifts["ff"] < shifts["tt"] < shifts["ss"]
    assert shifts["sf"] < shifts["tt"] < shifts["fs"]  # sf is fast n, slow p


def test_equal_transistors_share_a_card(typical: Library) -> None:
    def lines(sizes: list[tuple[float, float, float]]) -> list[str]:
        return typical.deck(
            Instance(f"{k}", "sky130_fd_pr__nfet_01v8", ("d", "g", "s", "b"), {"w": w, "l": length, "nf": nf})
            for k, (w, length, nf) in enumerate(sizes)
        )

    assert sum(line.startswith(".model") for line in lines([(2, 2, 1)] * 50)) == 1
    # The sheet resistance depends on W/nf: 4/2 fingers share the card with 2/1.
    assert sum(line.startswith(".model") for line in lines([(2, 2, 1), (4, 2, 2)])) == 1
    assert sum(line.startswith(".model") for line in lines([(2, 2, 1), (4, 2, 1)])) == 2


def test_library_is_read_once(pdk: install.Pdk) -> None:
    assert library(pdk.continuous, "ff") is library(pdk.continuous, "ff")


def test_width_in_a_resistor_name(typical: Library) -> None:
    deck = typical.deck([Instance("1", "sky130_fd_pr__res_xhigh_po_0p69", ("a", "b", "0"), {"l": 5.0})])
    assert deck[-1] == "x1 a b 0 sky130_fd_pr__res_xhigh_po l=5.0 w=0.69"


def _place(library: Library, device: str, nodes: str = "d g s b", **parameters: float) -> None:
    library.deck([Instance("x1.m3", f"sky130_fd_pr__{device}", tuple(nodes.split()), parameters)])


@pytest.mark.parametrize(
    ("device", "parameters", "message"),
    [
        ("nfet_01v8", {"w": 2, "l": 0.14}, r"l=0.14 um .* l from 0.15 to below 20.2 um"),
        ("nfet_01v8", {"w": 2, "l": 20.2}, "outside"),
        ("pfet_01v8_lvt", {"w": 2, "l": 0.3}, "from 0.35"),
        ("nfet_01v8", {"w": 0.3, "l": 1}, "w/nf=0.3 um.* from 0.42"),
        ("nfet_01v8", {"w": 1, "l": 1, "nf": 4}, "w/nf=0.25"),
        ("nfet_01v8", {"w": 2e-6, "l": 2e-6}, "um without a suffix"),
        ("nfet_01v8", {"w": 2, "l": 1, "nf": 1.5}, "nf=1.5"),
        ("nfet_01v8", {"w": 2, "l": 1, "m": 0}, "m=0"),
        ("nfet_01v8", {"width": 2}, "no parameter width"),
        ("nfet_01v9", {"w": 2}, "Did you mean sky130_fd_pr__nfet_01v8"),
    ],
)
def test_wrong_device_names_the_instance_and_the_limit(
    typical: Library, device: str, parameters: dict[str, float], message: str
) -> None:
    with pytest.raises(NetlistError, match=message):
        _place(typical, device, **parameters)


def test_miscounted_pins(typical: Library) -> None:
    with pytest.raises(NetlistError, match=r"x1\.m3: .* 4 pins d g s b, but 3"):
        _place(typical, "nfet_01v8", "d g s", w=1, l=1)


@pytest.mark.parametrize("corner", ["TT", "mc", "tt_mm", "", "xx"])
def test_unknown_corner(pdk: install.Pdk, corner: str) -> None:
    with pytest.raises(SpecError, match="choose one of tt, ff"):
        library(pdk.continuous, corner)


def test_folder_without_models(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="does not hold the continuous models"):
        library(tmp_path / "nowhere", "tt")
    (tmp_path / "models_fet.spice").write_text("* nothing\n")
    with pytest.raises(MissingToolError):
        library(tmp_path, "tt")


def test_changed_models_are_read_again(pdk: install.Pdk, tmp_path: Path) -> None:
    for path in pdk.continuous.glob("*.spice"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = library(tmp_path, "tt")
    target = tmp_path / "models_fet.spice"
    target.write_text(target.read_text().replace("vth0 = 0.5190093", "vth0 = 0.6190093"))
    after = library(tmp_path, "tt")
    assert before.digest != after.digest
    big = Instance("1", "sky130_fd_pr__nfet_01v8", ("d", "g", "s", "b"), {"w": 8.0, "l": 9.0})
    decks = ["\n".join(one.deck([big])) for one in (before, after)]
    assert [("vth0=0.6190093" in deck) for deck in decks] == [False, True]


def test_every_bin_of_every_transistor_can_be_placed(typical: Library) -> None:
    sizes = itertools.product([0.42, 0.55, 1, 3, 5, 7, 40], [0.5, 1, 1.5, 2, 4, 8, 20])
    for w, length in sizes:
        for device in ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt", "pfet_01v8_hvt"):
            _place(typical, device, w=w, l=length)
