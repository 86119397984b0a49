"""Mutants of every mirror: circuits that are wrong in netlist and layout alike, which the targets must tell of, and
layouts drawn wrongly by all rules, which the comparison with the netlist must.

Hundreds more, and all judges: ``make mutants-mirrors``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mirrorneuron.flows import judge, simulate
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror import bench as mirror
from mirrorneuron.flows.testbenches.mirror import dynamic, results, statistical
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Netlist, Resistor

from tests.kit import lvs_batch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutation import planning, targets
from mutation.fault import CIRCUIT_KINDS, MIRROR_KINDS, changes, plant
from mutation.subjects import MIRRORS, subject

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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three conditions in place of 15, steps at one, and fewer samples: what is told there is told."""
    monkeypatch.setattr(mirror, "CONDITIONS", tuple(simulate.conditions(("tt",), (-40.0, 27.0, 125.0))))
    for module in (results, dynamic):
        monkeypatch.setattr(module, "DYNAMIC", (TYPICAL,))
    monkeypatch.setattr(results, "STARTED", (TYPICAL,))
    monkeypatch.setattr(statistical, "_SAMPLES", 48)
    monkeypatch.setattr(statistical, "_ALONE", 16)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", WRONG)
def test_targets_tell_of_a_wrong_circuit(name: str) -> None:
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


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["cascode", "npn_wilson"])
def test_counts_are_told_where_a_cells_own_targets_do_not_apply(kind: str) -> None:
    cell = f"mirror_{kind}_124"
    whole = subject(cell)
    assert whole.spec is not None
    circuit = catalog.circuit_of(whole.spec)
    good, counted = (targets.netlist(whole.spec, one.to_spice()) for one in (circuit, MORE_IN(circuit)))
    assert abs(good.numbers["error_equal"]) < 3
    assert any(line.startswith("error_equal") for line in targets.missed(cell, good, counted))


def test_netlists_tell_of_a_wrong_drawing(tmp_path: Path) -> None:
    """Of every mirror as it is, with a part of a wrong size, and with a wire to a wrong net: one KLayout for all."""
    pairs: dict[str, tuple[Path, Path]] = {}
    drawn: dict[str, str] = {}
    for cell in MIRRORS:
        whole = subject(cell)
        layouts = {"as it is": whole.flat}
        for kind in ("size drawn wrongly", *NET):
            fault, text = planning.first(kind, cell, 1)
            if fault is not None and len(layouts) < 3:
                layouts[text] = plant(fault)[0].layout
        assert len(layouts) == 3
        for number, (text, layout) in enumerate(layouts.items()):
            gds, spice = (tmp_path / f"{cell}_{number}{ending}" for ending in (".gds", ".spice"))
            layout.write(str(gds))
            spice.write_text(whole.netlist.lower())
            pairs[gds.stem] = (gds, spice)
            drawn[gds.stem] = text
    assert set(NET) <= MIRROR_KINDS.keys()
    for name, found in lvs_batch.evidence(pairs, tmp_path).items():
        text = drawn[name]
        assert found["passed"] == (text == "as it is"), (name, text, found["errors"][:2])
        assert found["devices"] > 0 or text != "as it is"


# The campaign


def test_every_kind_has_a_place_in_a_mirror() -> None:
    left = {*MIRROR_KINDS, *CIRCUIT_KINDS}
    for cell in ("mirror_degenerated", "mirror_npn", "mirror_active_input", "mirror_simple_124"):
        for kind in sorted(left):
            fault, text = planning.first(kind, cell, 1)
            if fault is None:
                continue
            left.remove(kind)
            mutant, again = plant(fault)
            assert again == text
            changed = changes(mutant)
            assert changed.netlist == (kind in CIRCUIT_KINDS or "netlist" in kind)
            assert changed.layout != changed.netlist
    assert not left


def test_a_mirrors_faults_do_not_depend_on_the_others() -> None:
    alone = planning.planned_each(8, 1, ["mirror_npn"])
    both = planning.planned_each(16, 1, ["mirror_simple", "mirror_npn"])
    assert [text for _, text in alone] == [text for fault, text in both if fault.cell == "mirror_npn"]
    assert sum(fault.kind in CIRCUIT_KINDS for fault, _ in alone) == 4
    assert [fault.number for fault, _ in both] == list(range(16))
    assert {fault.kind in CIRCUIT_KINDS for fault, _ in planning.planned_each(2, 1, ["mirror_npn_124"])} == {True}


def test_a_target_that_the_cell_misses_is_taken_at_what_it_has() -> None:
    def told(error: float | None, *, missed_before: bool = False) -> list[str]:
        targets_of = {one.value: one for one in judge.targets(registry.needed(catalog.load("mirror_simple")))}
        limit = targets_of["error_half"].max
        assert limit is not None
        numbers = {key: one.min if one.max is None else one.max for key, one in targets_of.items()}
        before = targets.Measured({**numbers, "error_half": limit * (1.5 if missed_before else 1.0)})  # type: ignore[dict-item]
        left = {key: value for key, value in before.numbers.items() if key != "error_half"}
        after = (
            targets.Measured(left, {"error_half": "no current"})
            if error is None
            else targets.Measured({**left, "error_half": limit * error})
        )
        return [line.partition(" (")[0] for line in targets.missed("mirror_simple", before, after)]

    assert told(1.0) == []
    assert len(told(1.01)) == 1
    assert told(None) == ["error_half: no current"]
    assert told(1.51, missed_before=True) == []
    assert len(told(1.6, missed_before=True)) == 1
    failed = targets.Measured(failed={"simulation": "no solution"})
    assert targets.missed("mirror_simple", targets.Measured(), failed) == ("simulation: no solution",)


def test_harmless_is_what_changes_no_number() -> None:
    before = targets.Measured({"power": 2.0, "error_mid": 0.001})
    assert not targets.differences(before, targets.Measured({"power": 2.03, "error_mid": 0.015}))
    assert targets.differences(before, targets.Measured({"power": 2.05, "error_mid": 0.001})) == ("power 2 to 2.05 uW",)
    assert targets.differences(before, targets.Measured({"power": 2.0})) == ("error_mid 0.001 to none",)
