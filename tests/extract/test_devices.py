"""Every device that the cells use comes out with its nodes and sizes, and ngspice runs the netlist as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.flows import extract, tools
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import NetlistError

Devices = tuple[Path, extract.ExtractResult]
# 1 um wide, 0.29 um from gate to edge, both taken with the gate's edge.
JUNCTION = {"ad": 0.29, "as": 0.29, "pd": 2.58, "ps": 2.58}


@pytest.mark.parametrize(
    ("nodes", "model", "sizes"),
    [
        (("nd", "ng", "ns", "vss"), "nfet_01v8", {"l": 0.15, "w": 1, "nf": 1, **JUNCTION}),
        (("ts", "tg", "ts", "vss"), "nfet_01v8", {"l": 0.15, "w": 1, "nf": 1, **JUNCTION}),
        (("id", "ig", "is", "ib"), "nfet_01v8", {"l": 0.15, "w": 1, "nf": 1, **JUNCTION}),
        (("pd", "pg", "ps", "vdd"), "pfet_01v8", {"l": 0.5, "w": 2, "ad": 0.58, "as": 0.58, "pd": 4.58, "ps": 4.58}),
        (("plate", "bottom"), "cap_mim_m3_1", {"w": 4, "l": 3}),
        (("r0", "r1", "vss"), "res_high_po", {"w": 0.35, "l": 5.0}),
    ],
)
def test_a_device(nodes: tuple[str, ...], model: str, sizes: dict[str, float], devices: Devices, read: Any) -> None:
    if model.startswith("res"):
        (found,) = [d for d in read(devices[0]).devices if d[1].startswith("sky130_fd_pr__res")]
        assert set(found[0]) == set(nodes)
        found_model, found_sizes = found[1:]
    else:
        found_model, found_sizes = read(devices[0]).device(*nodes)
    assert found_model == f"sky130_fd_pr__{model}"
    for name, value in sizes.items():
        assert found_sizes[name] == pytest.approx(value, rel=1e-6), name


def test_a_shared_junction_is_divided_by_width(devices: Devices, read: Any) -> None:
    netlist = read(devices[0])
    shared = [
        (sizes["w"], sizes["ad"] if names[0] == "m" else sizes["as"])
        for names, _, sizes in netlist.devices
        if "m" in names
    ]
    assert sorted(width for width, _ in shared) == [0.5, 1]
    assert len({round(area / width, 6) for width, area in shared}) == 1


def test_nothing_is_lost(devices: Devices, read: Any) -> None:
    out, result = devices
    netlist = read(out)
    assert result.devices == len(netlist.devices) == 8
    assert result.capacitors == len(netlist.capacitors) > 10
    assert result.total_capacitance == pytest.approx(sum(netlist.capacitors.values()), rel=1e-4)
    assert min(netlist.capacitors.values()) > 0
    assert set(result.pins) == set(netlist.pins) >= {"nd", "vss", "vdd", "ib", "dn", "plate", "r1"}
    assert result.warnings == ()
    assert result.tool == f"magic {tools.version('magic')}"
    assert result.as_json()["pins"] == list(result.pins)


def test_ngspice_runs_it_as_it_is(devices: Devices, tmp_path: Path) -> None:
    out, result = devices
    pdk = install.locate()
    levels = {"nd": 1.0, "ng": 1.8, "id": 1.0, "ig": 1.8, "vdd": 1.8, "ps": 1.8, "dn": 1.8, "f1": 0.5, "r0": 1.0}
    sources = "\n".join(f"V{pin} {pin} 0 {levels.get(pin, 0)} {'ac 1' * (pin == 'plate')}" for pin in result.pins)
    (tmp_path / ".spiceinit").write_text("set ngbehavior=spe\n")
    (tmp_path / "t.spice").write_text(
        f'* test\n.lib "{pdk.continuous / "sky130.lib.spice"}" tt\n.include "{out}"\n'
        f"X1 {' '.join(result.pins)} devices\n{sources}\n.control\nop\nprint i(vnd) i(vid) i(vpd) i(vr0)\n"
        "ac lin 1 1meg 1meg\nprint mag(i(vplate))\nquit\n.endc\n.end\n"
    )
    done = tools.run("ngspice", ("-b", "t.spice"), cwd=tmp_path, log=tmp_path / "log", timeout_s=60)
    assert "Error" not in done.stdout + done.stderr
    values = dict(line.split(" = ") for line in done.stdout.splitlines() if " = " in line and "(v" in line)
    assert -float(values["i(vnd)"]) == pytest.approx(430e-6, rel=0.1)
    assert float(values["i(vid)"]) == pytest.approx(float(values["i(vnd)"]), rel=1e-3), "same device, isolated"
    assert float(values["i(vpd)"]) > 50e-6
    # 300 ohms a square, 5 um by 0.35 um, and its heads.
    assert -float(values["i(vr0)"]) == pytest.approx(1 / (300 * 5 / 0.35), rel=0.3)
    # 2 fF/um^2 on 12 um^2.
    assert float(values["mag(i(vplate))"]) / (2e6 * 3.14159) == pytest.approx(24e-15, rel=0.15)


def test_one_net_as_source_and_drain_needs_both_sides(drawing: Any, tmp_path: Path) -> None:
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s", drain=False)
    cell.tap(2, 0, "b")
    with pytest.raises(NetlistError, match=r"nfet_01v8 at \(-0.075, 0\) um has no source or no drain"):
        extract.run(cell.write(tmp_path / "x.gds"), out=tmp_path / "x.spice", work=tmp_path / "work")
