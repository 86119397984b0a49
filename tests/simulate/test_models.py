import itertools
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.testbenches import rawfile
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import CORNERS, Instance, Library, library

FETS = {
    "nfet_01v8": (1, 0.15),
    "nfet_01v8_lvt": (1, 0.15),
    "pfet_01v8": (-1, 0.15),
    "pfet_01v8_lvt": (-1, 0.35),
    "pfet_01v8_hvt": (-1, 0.15),
    "nfet_g5v0d10v5": (1, 0.5),
    "pfet_g5v0d10v5": (-1, 0.5),
    "nfet_03v3_nvt": (1, 0.5),
    "nfet_05v0_nvt": (1, 0.9),
}


def _instances() -> list[tuple[Instance, list[float]]]:
    """Transistors with the voltages of their nodes: random sizes, sizes on the bins' edges, fingers, junctions."""
    rng = np.random.default_rng(4)
    cases: list[tuple[Instance, list[float]]] = []

    def add(device: str, sign: int, parameters: dict[str, float]) -> None:
        name = f"{len(cases)}"
        nodes = tuple(f"{pin}{name}" for pin in "dgsb")
        bias = [rng.uniform(0.05, 1.8), rng.uniform(0.3, 1.8), 0.0, -rng.uniform(0, 0.6)]
        cases.append((Instance(name, f"sky130_fd_pr__{device}", nodes, parameters), [sign * v for v in bias]))

    for device, (sign, shortest) in FETS.items():
        if device.endswith("03v3_nvt"):
            add(device, sign, {"w": 4.0, "l": 0.6})
            continue
        longest = 8.0
        length = float(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
        add(device, sign, {"w": float(rng.uniform(0.42, 9)), "l": round(max(length, shortest), 2)})
        if device.startswith(("nfet_01v8", "pfet_01v8")):
            add(device, sign, {"w": 6.0, "l": 2.0, "nf": 3.0, "m": 2.0})
            add(device, sign, {"w": 1.0, "l": 1.0, "ad": 0.29, "as": 0.29, "pd": 2.58, "ps": 2.58})
    return cases


OTHERS = """\
.subckt others
va a 0 dc 0.5 ac 1
vr r 0 1.2
vb b 0 0.65
vc c 0 1.5
xcap a 0 sky130_fd_pr__cap_mim_m3_1 w=10 l=12
xcap2 a 0 sky130_fd_pr__cap_mim_m3_2 w=5 l=7 m=2
xr1 r 0 0 sky130_fd_pr__res_xhigh_po w=0.69 l=11
xr2 r 0 0 sky130_fd_pr__res_high_po w=1.41 l=7 m=2
xr3 r 0 sky130_fd_pr__res_generic_po w=0.5 l=20
xq c b 0 0 sky130_fd_pr__npn_05v5_W1p00L1p00
xd a 0 sky130_fd_pr__diode_pw2nd_05v5 area=2 perim=6
.ends
"""


def _run(folder: Path, lines: list[str], temperatures: tuple[float, ...]) -> list[dict[str, np.ndarray]]:
    commands = ["optran 1 1 1 0 0 0", "set appendwrite"]
    for temperature in temperatures:
        commands += [f"set temp = {temperature}", "op", "write out.raw", "ac lin 1 1e6 1e6", "write out.raw"]
    folder.mkdir()
    (folder / ".spiceinit").write_text("set ngbehavior=hsa\nset ng_nomodcheck\nset num_threads=1\n")
    deck = [
        "* comparison",
        ".option gmin=1e-15 abstol=1e-17 reltol=1e-6",
        *lines,
        ".control",
        *commands,
        "quit",
        ".endc",
    ]
    (folder / "deck.cir").write_text("\n".join([*deck, ".end\n"]))
    tools.run("ngspice", ["-b", "deck.cir"], cwd=folder, log=folder / "log", timeout_s=120)
    return [plot.vectors for plot in rawfile.read(folder / "out.raw")]


@pytest.mark.parametrize("corner", ["tt", "ff", "ss", "sf", "fs"])
def test_results_are_those_of_the_whole_library(pdk: install.Pdk, tmp_path: Path, corner: str) -> None:
    cases = _instances()
    sources = [
        f"v{node} {node} 0 dc {volt} ac {int(node.startswith('g'))}"
        for instance, bias in cases
        for node, volt in zip(instance.nodes, bias, strict=True)
    ]
    whole = [f".lib {pdk.continuous / 'sky130.lib.spice'} {corner}", *sources]
    for instance, _ in cases:
        values = " ".join(f"{name}={value}" for name, value in instance.parameters.items())
        whole.append(f"x{instance.name} {' '.join(instance.nodes)} {instance.device} {values}")
    others = OTHERS.splitlines()[1:-1]
    trimmed = library(pdk.continuous, corner).deck(
        [
            *(instance for instance, _ in cases),
            *(_others(line) for line in others if line.startswith("x")),
        ]
    )
    temperatures = (-40.0, 27.0, 125.0)
    expected = _run(tmp_path / "whole", [*whole, *others], temperatures)
    found = _run(tmp_path / "trimmed", [*trimmed, *sources, *others[:4]], temperatures)
    assert len(found) == len(expected) == 6
    currents = [name for name in expected[0] if name.startswith("i(v")]
    assert len(currents) == 4 * len(cases) + 4
    above = 0
    for mine, theirs in zip(found, expected, strict=True):
        for name in currents:
            a, b = mine[name][0], theirs[name][0]
            assert abs(a - b) <= 1e-3 * max(abs(a), abs(b)) + 1e-15, (name, a, b)
            above += abs(b) > 1e-12
    assert above > 150  # the comparison is about currents that flow


def _others(line: str) -> Instance:
    words = line.lower().split()
    at = next(k for k, word in enumerate(words) if word.startswith("sky130"))
    parameters = dict(word.split("=") for word in words[at + 1 :])
    return Instance(words[0][1:], words[at], tuple(words[1:at]), {k: float(v) for k, v in parameters.items()})


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
