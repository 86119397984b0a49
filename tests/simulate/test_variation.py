"""How much devices and the process vary: against the library's formulas, and against what ngspice draws by itself."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import Instance, Library, ProcessStatistic, library
from mirrorneuron.pdk_sky130.models.variation import GUARD_BAND, mismatch_terms, process_terms, process_values

FETS = ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_hvt", "pfet_01v8_lvt")


def _device(models: Library, name: str, draws: dict[str, float] | None = None, **parameters: float) -> Instance:
    device = f"sky130_fd_pr__{name}"
    return Instance("1", device, models.pins(device), parameters, draws or {})


def _sigmas(models: Library, name: str, **parameters: float) -> dict[str, float]:
    return models.terms(_device(models, name, **parameters))


# -- mismatch


@pytest.mark.parametrize(("name", "mv_um"), list(zip(FETS, (5.35, 7.7, 8.3, 7.8, 15.4), strict=True)))
def test_thresholds_of_pairs_have_the_known_figures(typical: Library, name: str, mv_um: float) -> None:
    # Between the two of a pair 2/2: the square root of two times sigma, times the root of its area.
    sigma = _sigmas(typical, name, w=2.0, l=2.0)["vth"]
    assert math.sqrt(2) * sigma * 2.0 * 1e3 == pytest.approx(mv_um, rel=0.01)


def test_area_counts_whatever_it_is_made_of(typical: Library) -> None:
    one = _sigmas(typical, "nfet_01v8", w=1.0, l=2.0)["vth"]
    for given in (
        {"w": 1.0, "m": 8.0},
        {"w": 2.0, "nf": 2.0, "m": 4.0},
        {"w": 8.0, "nf": 8.0},
        {"w": 1.0, "m": 8.0, "mult": 8.0},
        {"w": 1.0, "mult": 8.0},
    ):
        assert _sigmas(typical, "nfet_01v8", l=2.0, **given)["vth"] == pytest.approx(one / math.sqrt(8), rel=1e-12)
    pmos = [_sigmas(typical, "pfet_01v8", w=w, l=length)["vth"] for w, length in ((1.0, 1.0), (4.0, 9.0))]
    assert pmos == pytest.approx([5.856e-3, 5.856e-3 / 6])


def test_resistors_capacitors_and_bipolars_have_their_own_terms(typical: Library) -> None:
    size = {"w": 0.69, "l": 10.0}
    assert _sigmas(typical, "res_xhigh_po", **size) == pytest.approx(
        {"rhead": 0.063 / math.sqrt(0.69), "rbody": 0.0464 / math.sqrt(6.9)}
    )
    assert _sigmas(typical, "res_high_po", **size, m=4.0) == pytest.approx(
        {"rhead_rsh": 0.063 / math.sqrt(0.69) / 2, "rbody_rsh": 0.0206 / math.sqrt(6.9) / 2}
    )
    # Its plate is 0.15 um larger than drawn.
    assert _sigmas(typical, "cap_mim_m3_1", w=4.0, l=9.0) == pytest.approx({"carea": 0.0047 / math.sqrt(4.15 * 9.15)})
    assert _sigmas(typical, "npn_05v5_w1p00l1p00", mult=4.0, m=4.0) == pytest.approx(
        {"var_is": 1.58 * 0.003 / 2, "var_bf": 1.05 * 0.05 / 2, "ise": 0.05 / 2}
    )
    assert _sigmas(typical, "cap_mim_m3_1", w=4.0, l=9.0, m=4.0, mult=4.0) == pytest.approx(
        _sigmas(typical, "cap_mim_m3_1", w=4.0, l=9.0, m=4.0)
    )


def test_what_is_drawn_goes_into_the_deck(typical: Library) -> None:
    still, moved = (
        typical.deck([_device(typical, "nfet_01v8", draws, w=2.0, l=2.0)])[-1] for draws in ({}, {"vth": 3.0})
    )
    shift = float(moved.split("delvto=")[1]) - float(still.split("delvto=")[1])
    assert shift == pytest.approx(3 * _sigmas(typical, "nfet_01v8", w=2.0, l=2.0)["vth"])
    # The library divides by the root of mult alone.
    line = typical.deck([_device(typical, "res_high_po", {"rbody_rsh": 2.0}, w=0.69, l=10.0, m=4.0)])[-1]
    assert line.endswith("m=4.0 rbody_rsh_z=1.0")
    line = typical.deck([_device(typical, "res_high_po", {"rbody_rsh": 2.0}, w=0.69, l=10.0, m=4.0, mult=4.0)])[-1]
    assert line.endswith("rbody_rsh_z=2.0")


def test_what_does_not_vary_is_refused(typical: Library) -> None:
    with pytest.raises(NetlistError, match="1: rbody of sky130_fd_pr__nfet_01v8 does not vary"):
        typical.deck([_device(typical, "nfet_01v8", {"rbody": 1.0}, w=1.0, l=1.0)])
    with pytest.raises(NetlistError, match=r"contains sky130_fd_pr__nfet_g5v0d16v0_base, whose mismatch cannot"):
        _sigmas(typical, "nfet_g5v0d16v0")


MANY = 200
OTHERS: dict[str, tuple[str, dict[str, float], str]] = {
    "xhigh": ("res_xhigh_po", {"w": 0.69, "l": 10.0}, "a 0 0"),
    "high": ("res_high_po", {"w": 0.69, "l": 10.0}, "a 0 0"),
    "npn": ("npn_05v5_w1p00l1p00", {}, "a b 0 0"),
    "pnp": ("pnp_05v5_w3p40l3p40", {}, "0 0 b"),
    "mim": ("cap_mim_m3_1", {"w": 5.0, "l": 5.0}, "a 0"),
}


def _currents(folder: Path, head: Sequence[str], devices: Sequence[str], sources: Sequence[str]) -> dict[str, float]:
    """Currents [A] of all sources ``v<name>``; of those called ``mim...`` at 1 MHz."""
    folder.mkdir()
    (folder / ".spiceinit").write_text("set ngbehavior=spe\nset ng_nomodcheck\nset num_threads=1\n")
    control = [".control", "optran 1 1 1 0 0 0", "set appendwrite"]
    control += ["op", "write out.raw", "ac lin 1 1e6 1e6", "write out.raw", "quit", ".endc", ".end\n"]
    deck = ["* many", *head, ".option gmin=1e-15 abstol=1e-16 reltol=1e-5 seed=7", *devices, *sources, *control]
    (folder / "deck.cir").write_text("\n".join(deck))
    tools.run("ngspice", ["-b", "deck.cir"], cwd=folder, log=folder / "log", timeout_s=120)
    point, small = (plot.vectors for plot in rawfile.read(folder / "out.raw"))
    return {
        name[3:-1]: float(abs((small if "mim" in name else point)[name][0])) for name in point if name.startswith("i(v")
    }


def test_library_draws_as_much_by_itself(pdk: install.Pdk, typical: Library, tmp_path: Path) -> None:
    """Section tt_mm, in which every device of a deck gets numbers of ngspice's, against a deck with ours."""
    rng = np.random.default_rng(5)
    theirs: list[str] = []
    ours: list[Instance] = []
    sources: list[str] = []

    def add(name: str, device: str, parameters: dict[str, float], nodes: str) -> None:
        device = f"sky130_fd_pr__{device}"
        theirs.append(f"x{name} {nodes} {device} {' '.join(f'{k}={v}' for k, v in parameters.items())}")
        bare = Instance(name, device, tuple(nodes.split()), parameters)
        draws = {term: float(rng.standard_normal()) for term in typical.terms(bare)}
        ours.append(Instance(name, device, bare.nodes, parameters, draws))

    for k in range(MANY):
        add(f"in{k}", "nfet_01v8", {"w": 2.0, "l": 2.0}, f"g{k} g{k} 0 0")
        add(f"out{k}", "nfet_01v8", {"w": 2.0, "l": 2.0}, f"o{k} g{k} 0 0")
        sources += [f"iin{k} 0 g{k} 1u", f"vmirror{k} o{k} 0 0.9"]
        for kind, (device, parameters, nodes) in OTHERS.items():
            own = " ".join(f"{kind}{k}" if node == "a" else node for node in nodes.split())
            if kind == "pnp":
                own = f"0 0 {kind}{k}"
            add(f"{kind}{k}", device, parameters, own)
            sources.append(f"v{kind}{k} {kind}{k} 0 dc 0.65 ac 1")
    sources.append("vb b 0 0.65")
    drawn_there = _currents(tmp_path / "whole", [f".lib {pdk.continuous / 'sky130.lib.spice'} tt_mm"], theirs, sources)
    drawn_here = _currents(tmp_path / "ours", [], typical.deck(ours), sources)
    for kind in ("mirror", *OTHERS):
        there, here = (
            np.array([currents[f"{kind}{k}"] for k in range(MANY)]) for currents in (drawn_there, drawn_here)
        )
        spreads = [float(one.std(ddof=1) / one.mean()) for one in (there, here)]
        # A deviation from n samples has the relative standard error 1 / sqrt(2 n), the ratio of two of them twice that
        # squared.
        assert spreads[0] > 1e-4, kind
        assert abs(math.log(spreads[1] / spreads[0])) < 2.6 / math.sqrt(MANY), (kind, spreads)
        assert there.mean() == pytest.approx(here.mean(), rel=4 * spreads[0] / math.sqrt(MANY)), kind


def test_terms_carry_the_guard_band(typical: Library) -> None:
    instances = {
        "xa.xb": _device(typical, "nfet_01v8", w=2.0, l=2.0),
        "xr": _device(typical, "res_high_po", w=0.69, l=10.0),
    }
    terms = mismatch_terms(typical, instances)
    assert [term.name for term in terms] == ["xa.xb.vth", "xr.rhead_rsh", "xr.rbody_rsh"]
    assert [term.unit for term in terms] == ["V", "", ""]
    assert [term.guard_band for term in terms] == [GUARD_BAND["nfet_01v8"], 1.0, 1.0]
    assert set(GUARD_BAND) == set(FETS)
    assert all(1 <= factor < 4 for factor in GUARD_BAND.values())


# -- process


def test_statistics_are_the_librarys(typical: Library) -> None:
    found = typical.statistics
    assert found["sw_vth0_sky130_fd_pr__nfet_01v8_mc"] == ProcessStatistic("gauss", 0.006)
    assert found["sw_vth0_sky130_fd_pr__pfet_01v8_lvt_mc"] == ProcessStatistic("gauss", 0.023)
    assert found["sw_polycd"] == ProcessStatistic("gauss", 1.5e-9)
    assert found["sw_sky130_fd_pr__res_high_po_rs"] == ProcessStatistic("percent", 0.035)
    assert found["sw_nw_rs_mult"] == ProcessStatistic("lnorm", 0.12)
    assert len(found) == 49


def test_spreads() -> None:
    assert ProcessStatistic("gauss", 0.5).value(2.0, -2.0) == 1.0
    assert ProcessStatistic("percent", 0.05).value(200.0, 2.0) == pytest.approx(220.0)
    assert ProcessStatistic("lnorm", 0.1).value(3.0, -1.0) == pytest.approx(3.0 * math.exp(-0.1))


def test_only_what_the_devices_refer_to_varies(typical: Library) -> None:
    def names(*devices: Instance, bare: Sequence[str] = ()) -> set[str]:
        return {term.name.removeprefix("process.") for term in process_terms(typical, devices, bare)}

    nmos = _device(typical, "nfet_01v8", w=2.0, l=2.0)
    pmos = _device(typical, "pfet_01v8_lvt", w=2.0, l=2.0)
    shared = {"activecd", "polycd", "tox_lv"}
    assert names(nmos) == shared | {"vth0_nfet_01v8", "nsd_pw_cj"}
    assert names(pmos) == shared | {"vth0_pfet_01v8_lvt", "psd_nw_cj"}
    assert names(_device(typical, "cap_mim_m3_1")) == {"cap_mim_ca", "cap_mim_dw"}
    assert names(_device(typical, "res_xhigh_po_0p69")) == {
        "polycd",
        "poly_head_res",
        "res_xhigh_po_rs",
        "fox_poly_cap",
    }
    assert names(bare=["sky130_fd_pr__res_generic_m1"]) == {"res_generic_m1_rs"}
    units = {term.name: (term.sigma, term.unit) for term in process_terms(typical, [nmos])}
    assert units["process.vth0_nfet_01v8"] == (0.006, "V")
    assert units["process.polycd"] == (1.5e-9, "m")
    assert units["process.nsd_pw_cj"] == (0.025, "")


def test_nothing_drawn_is_typical_exactly(typical: Library) -> None:
    devices = [_device(typical, name, w=2.0, l=2.0) for name in (*FETS, "res_xhigh_po", "cap_mim_m3_1")]
    zeros = dict.fromkeys((term.name for term in process_terms(typical, devices)), 0.0)
    assert typical.shifted(process_values(typical, zeros)).deck(devices) == typical.deck(devices)


def test_process_acts_on_cards_and_thresholds(typical: Library) -> None:
    device = _device(typical, "nfet_01v8", w=2.0, l=2.0)
    moved = typical.shifted(process_values(typical, {"process.vth0_nfet_01v8": 2.0, "process.polycd": 1.0}))
    assert moved.threshold(device) - typical.threshold(device) == pytest.approx(0.012, rel=0.15)
    before, after = typical.varying(device), moved.varying(device)
    assert {name for name in before if before[name] != after[name]} == {"lint"}
    assert before["lint"] - after["lint"] == pytest.approx(1.5e-9)
    # All that the shifted cards hold is reported, so that a running ngspice can be told.
    values = process_values(typical, {t.name: 1.0 for t in process_terms(typical, [device])})
    cards = [one.deck([device])[1].split() for one in (typical, typical.shifted(values))]
    differ = {a.split("=")[0] for a, b in zip(*cards, strict=True) if a != b}
    assert differ and differ <= before.keys()


def test_corners_are_about_three_sigma_out(pdk: install.Pdk, typical: Library) -> None:
    """Thresholds of long transistors: their own term is nearly all of their spread."""
    for name, ff, sf in (("nfet_01v8", -2.5, -4.5), ("pfet_01v8", 1.1, -4.1), ("pfet_01v8_lvt", 2.0, -3.2)):
        device = _device(typical, name, w=7.0, l=8.0)
        own = f"process.vth0_{name}"
        one = typical.shifted(process_values(typical, {own: 1.0})).threshold(device) - typical.threshold(device)
        for corner, expected in (("ff", ff), ("sf", sf), ("ss", -ff)):
            shift = library(pdk.continuous, corner).threshold(device) - typical.threshold(device)
            assert shift / one == pytest.approx(expected, abs=0.25), (name, corner)


def test_process_starts_from_the_typical_corner(pdk: install.Pdk) -> None:
    slow = library(pdk.continuous, "ss")
    with pytest.raises(SpecError, match="starts from corner tt, not from ss"):
        process_terms(slow, [_device(slow, "nfet_01v8", w=2.0, l=2.0)])
