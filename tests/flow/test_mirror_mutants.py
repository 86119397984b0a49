"""Mutants of every mirror: circuits that are wrong in netlist and layout alike, which the targets must tell of, and
layouts drawn wrongly by all rules, which the comparison with the netlist must.

Hundreds more, and all judges: ``make mutants-mirrors``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mirrorneuron.flows import simulate, tools
from mirrorneuron.flows.testbenches import mirror
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Netlist, Resistor
from mirrorneuron.lvs import DECK

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutation import campaign, targets
from mutation.fault import MIRROR_KINDS, plant
from mutation.subjects import MIRRORS, subject

BATCH = Path(__file__).parents[1] / "lvs" / "batch.rb"
Wrong = Callable[[Netlist], Netlist]


def changed(**by_name: dict[str, str | int]) -> Wrong:
    """Other nets, sizes or counts of devices by name."""

    def change(circuit: Netlist) -> Netlist:
        assert by_name.keys() <= {one.name for one in circuit.devices}
        return replace(circuit, devices=tuple(replace(one, **by_name.get(one.name, {})) for one in circuit.devices))

    return change


def shorter_bars(circuit: Netlist) -> Netlist:
    """All resistors 20 % too small."""
    devices = [
        replace(one, length_nm=one.length_nm * 4 // 5 // 5 * 5) if isinstance(one, Resistor) else one
        for one in circuit.devices
    ]
    assert devices != list(circuit.devices)
    return replace(circuit, devices=tuple(devices))


def inputs_exchanged(amplifier: str) -> Wrong:
    """Of an amplifier."""

    def change(circuit: Netlist) -> Netlist:
        plus, minus = (
            next(one for one in circuit.devices if one.name == f"{amplifier}_pair_{side}") for side in ("plus", "minus")
        )
        return changed(**{plus.name: {"gate": minus.gate}, minus.name: {"gate": plus.gate}})(circuit)

    return change


WRONG: dict[str, tuple[str, Wrong, set[str]]] = {
    # mirror: what, how, which targets must tell of it, perhaps among others
    "simple": ("L of one", changed(main_iout1={"length_nm": 1900}), {"error_half"}),
    "cascode": ("cascode's gate on the lower one's", changed(iout1_cascode_cascode={"gate": "iin_x"}), {"error_mid"}),
    "wide_swing": ("cascode's gate on the input", changed(iout1_cascode_cascode={"gate": "iin"}), {"error_half"}),
    "wilson": ("a simple mirror's gates", changed(main_iin={"gate": "iin"}), {"error_half"}),
    "wilson_improved": ("upper diode's gate open to the rail", changed(iin_cascode_cascode={"gate": "vss"}), set()),
    "degenerated": ("resistors", shorter_bars, {"output_resistance"}),
    "widlar": ("resistors", shorter_bars, {"error_half"}),
    "gain_boosted": ("inputs", inputs_exchanged("iout1"), {"error_half"}),
    "wide_swing_boosted": ("inputs", inputs_exchanged("iout1"), {"error_half"}),
    "active_input": ("inputs", inputs_exchanged("iin"), {"error_half"}),
    "npn": ("the larger cell", changed(main_iout1={"device": "npn_05v5_w1p00l2p00"}), {"error_half"}),
    "npn_beta_helper": ("helper as a diode's wire", changed(helper_helper={"base": "vdd"}), {"error_half"}),
    "npn_wilson": ("lower one's base on the input", changed(main_iout1={"base": "iin"}), {"error_mid"}),
}
MORE_IN = changed(main_iin={"copies": 2})


def test_every_mirror_has_its_mutants() -> None:
    assert {f"mirror_{name}" for name in WRONG} == set(MIRRORS)


@pytest.mark.parametrize("name", WRONG)
def test_targets_tell_of_a_wrong_circuit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At one condition in place of 15, and with fewer samples: what is told there is told."""
    monkeypatch.setattr(mirror, "CONDITIONS", tuple(simulate.conditions(("tt",), (-40.0, 27.0, 125.0))))
    monkeypatch.setattr(mirror, "DYNAMIC", (mirror.TYPICAL,))
    monkeypatch.setattr(mirror, "_SAMPLES", 48)
    monkeypatch.setattr(mirror, "_ALONE", 16)
    spec = catalog.load(f"mirror_{name}")
    circuit = catalog.circuit_of(spec)
    _, wrong, told = WRONG[name]
    good, counted, other = (
        targets.netlist(spec, one.to_spice()) for one in (circuit, MORE_IN(circuit), wrong(circuit))
    )
    assert not good.failed
    assert any(line.startswith("error_") for line in targets.missed(spec.cell, good, counted))
    missed = {re.split(r"[ :]", line)[0] for line in targets.missed(spec.cell, good, other)}
    assert missed and missed >= told, other


NET = ("gate drawn on another net", "npn drawn on another net", "resistor drawn on another net")


def test_netlists_tell_of_a_wrong_drawing(tmp_path: Path) -> None:
    """Of every mirror as it is, with a part of a wrong size, and with a wire to a wrong net: one KLayout for all."""
    names: dict[Path, str] = {}
    lines = []
    for cell in MIRRORS:
        whole = subject(cell)
        layouts = {"as it is": whole.flat}
        for kind in ("size drawn wrongly", *NET):
            fault, text = campaign.first(kind, cell, 1)
            if fault is not None and len(layouts) < 3:
                layouts[text] = plant(fault)[0].layout
        assert len(layouts) == 3
        for number, (text, layout) in enumerate(layouts.items()):
            gds, spice, evidence = (tmp_path / f"{cell}_{number}{ending}" for ending in (".gds", ".spice", ".json"))
            layout.write(str(gds))
            spice.write_text(whole.netlist.lower())
            lines.append(f"{gds}\t{spice}\t{evidence}\n")
            names[evidence] = text
    assert set(NET) <= MIRROR_KINDS.keys()
    every = tmp_path / "list"
    every.write_text("".join(lines))
    options = ["-b", "-r", BATCH, "-rd", f"deck={DECK}", "-rd", f"list={every}"]
    tools.run("klayout", options, cwd=tmp_path, log=tmp_path / "log", timeout_s=300)
    for evidence, text in names.items():
        found = json.loads(evidence.read_text())
        assert found["passed"] == (text == "as it is"), (evidence.stem, text, found["errors"][:2])
        assert found["devices"] > 0 or text != "as it is"
