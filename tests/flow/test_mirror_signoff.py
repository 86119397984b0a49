"""Mirrors through the whole sign-off at random specs; that what is refused would not work, and what is taken does."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from mirrorneuron.flows import judge, lvs, matching, signoff, simulate
from mirrorneuron.flows.build import build
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Points
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts import checks
from mirrorneuron.generators.circuit import Transistor
from mirrorneuron.pdk_sky130.errors import SpecError, ToolError

from tests.kit import rules
from tests.kit.mirror_specs import MIRRORS, SMALL, draws, random_spec

# 1 of the improved Wilson mirror has a point (24 mV of output at ff, -40 C) that ngspice finds no solution for.
QUICK = dict.fromkeys(MIRRORS, 1) | {"mirror_wilson_improved": 2}
MANY = range(2, 7)
SLOW = (Condition("ss", -40.0), Condition("ss", 125.0))
LEAKY = Condition("ff", 125.0)
_CLOSE = 0.03  # by how much of the supply the sum of voltages by hand may be off


def check_signed_off(spec, folder):
    found = signoff.run(spec, folder, targets=judge.targets(registry.needed(spec)), jobs=2)
    failed = [f"{check.step} {check.name}: {check.value} {check.detail}" for check in found.checks if not check.passed]
    assert found.passed, "\n".join([*spec.lines(), *failed])
    assert found.status == 0


# Each mirror's random spec through rules, LVS and matching; what else a sign-off does shows on a MOS and an npn mirror.


def small(name):
    return random_spec(name, QUICK[name], SMALL)


for _name in MIRRORS:
    rules.add(f"random {_name}", lambda name=_name: catalog.layout_of(small(name)))


@pytest.mark.parametrize("name", MIRRORS)
def test_rules_of_a_random_spec(name, design_rules):
    assert not design_rules.violations[f"random {name}"], small(name).lines()


@pytest.mark.parametrize("name", MIRRORS)
def test_a_random_spec_is_drawn_as_its_netlist(name, tmp_path):
    spec = small(name)
    built = build(spec, tmp_path)
    assert built.passed
    compared = lvs.run(built.gds, built.spice, work=tmp_path / "lvs")
    assert compared.passed, (spec.lines(), compared.errors)
    if any(isinstance(device, Transistor) for device in catalog.circuit_of(spec).devices):
        matched = matching.run(built.gds, built.spice)
        assert matched.passed, (spec.lines(), matched.errors)


SIGNED_OFF = ("mirror_simple", "mirror_widlar")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in SIGNED_OFF)) for name in MIRRORS]
)
def test_a_random_spec_is_signed_off(name, tmp_path):
    check_signed_off(small(name), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
@pytest.mark.parametrize("name", MIRRORS)
def test_many_random_specs_are_signed_off(name, seed, tmp_path):
    check_signed_off(random_spec(name, seed), tmp_path)


# What is refused


@pytest.fixture
def anyway(monkeypatch, tmp_path):
    """A mirror's plan and netlist whatever its checks say; None where it cannot be made at all."""

    def made(spec):
        with monkeypatch.context() as patch:
            for check in ("fits_under_the_supply", "above_leakage", "saturates"):
                patch.setattr(checks, check, lambda *_: None)
            try:
                path = tmp_path / "anyway.spice"
                path.write_text(catalog.circuit_of(spec).to_spice())
                return MirrorPlan(spec), path
            except SpecError:
                return None

    return made


def currents(plan, path, condition):
    """The part of its current that the input takes, and the outputs' over what they should be; None if unsolved."""
    try:
        found = simulate.run(plan.bench(path, {"nominal": Points()}), condition)["nominal"]
    except ToolError:
        return None
    taken = plan.side.sign * float(found.i("iin")[0]) / plan.current
    outputs = zip(plan.outputs, plan.ideal.tolist(), strict=True)
    return taken, [plan.side.sign * float(found.i(pin)[0]) / plan.current / ideal for pin, ideal in outputs]


@pytest.mark.parametrize("name", MIRRORS)
def test_a_refused_input_does_not_take_its_current(name, anyway):
    """Where the sum of voltages is beyond the supply, at ss the input does not get there."""
    looked_at = 0
    for seed in range(10, 16):
        for spec, refused in islice(draws(name, seed), 3):
            told = re.search(r"the input needs .* = ([\d.]+) V at", str(refused))
            drawn = anyway(spec) if told and float(told[1]) - checks.SPARE_V > (1 + _CLOSE) * spec.supply else None
            if drawn is None:
                continue
            looked_at += 1
            found = [currents(*drawn, condition) for condition in SLOW]
            assert any(one is None or one[0] < 0.999 for one in found), (spec.lines(), str(refused))
    # An npn's V_BE hardly needs anything, and amplifiers are refused long before the input they are for.
    assert looked_at or name == "mirror_npn" or "bias" in {row.field for row in catalog.describe(name)}


def test_a_refused_current_is_lost_in_leakage(anyway):
    looked_at = 0
    for seed in range(10, 30):
        for spec, refused in islice(draws("mirror_simple", seed), 3):
            if "leaks" in str(refused):
                looked_at += 1
                found = currents(*anyway(spec), LEAKY)
                assert found is None or abs(found[1][0] - 1) > 0.05, (spec.lines(), str(refused))
    assert looked_at > 3


@pytest.mark.parametrize("name", MIRRORS)
def test_what_is_taken_works_at_the_corners(name, tmp_path):
    """The input takes its current, hot and cold."""
    for seed in range(10, 13):
        spec = random_spec(name, seed)
        path = tmp_path / f"{seed}.spice"
        path.write_text(catalog.circuit_of(spec).to_spice())
        for condition in (*SLOW, LEAKY):
            found = currents(MirrorPlan(spec), path, condition)
            assert found is not None, (spec.lines(), condition)
            assert found[0] == pytest.approx(1, abs=1e-3), (spec.lines(), condition)
