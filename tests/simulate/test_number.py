"""Numbers in a deck: plain decimal text, whatever kind of real number a stimulus has."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mirrorneuron.flows import simulate
from mirrorneuron.flows.simulate.bench import Bench, Capacitance, CurrentInput, Points, Pwl, Resistance, Tran, Voltage
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.pdk_sky130.errors import SpecError

DIVIDER = "* a divider\n.subckt top a b\nr1 a b 1k\nr2 b 0 1k\n.ends\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.8, "1.8"),
        (2, "2.0"),
        (1e-6, "1e-06"),
        (np.float64(1.8), "1.8"),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3.0"),
        (np.uint8(3), "3.0"),
        (np.array(1.8), "1.8"),
        (np.array(7), "7.0"),
        (Fraction(1, 4), "0.25"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_a_real_number_is_plain_text_and_exact(value: Any, text: str) -> None:
    assert decimal(value) == text
    assert float(text) == float(value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float64("-inf"), np.array(np.nan), 1j, "1.8", None, True, np.array([1.8])]
)
def test_what_is_no_finite_real_number_is_refused(value: Any) -> None:
    with pytest.raises(SpecError, match="a deck takes finite real numbers only"):
        decimal(value)


@pytest.mark.parametrize("kind", [float, np.float64, np.array])
def test_a_stimulus_may_hold_numbers_of_numpy(kind: Callable[[float], Any], write: Any, tmp_path: Path) -> None:
    bench = Bench(
        write(DIVIDER),
        "top",
        [Voltage("a", kind(1.8)), Voltage("vdd", kind(1.8)), Voltage("vss", kind(0.0)), CurrentInput("b", kind(1e-6))],
        {"op": Points(), "step": Tran(1e-6, {"a": Pwl(((kind(0.0), kind(1.8)), (kind(5e-7), kind(0.9))))}, kind(1e-8))},
        [Resistance("b", "0", kind(1e6)), Capacitance("b", "0", kind(1e-15))],
    )
    result = simulate.run(bench, simulate.Condition("tt", kind(27.0)), folder=tmp_path / "kept")
    assert result["op"].v("b")[0] == pytest.approx(0.9 * (1 - 0.5e-3) + 0.5e-3, rel=1e-3)
    assert result["step"].v("b")[-1] == pytest.approx(0.45, rel=2e-3)
    decks = "".join(path.read_text() for path in (tmp_path / "kept").rglob("*.cir"))
    assert "dc 1.8" in decks
    assert "np." not in decks and "array" not in decks


@pytest.mark.parametrize("volt", [np.float64("nan"), np.float64("inf"), np.array(np.nan)])
def test_a_stimulus_that_is_not_finite_is_refused(volt: Any, write: Any) -> None:
    bench = Bench(write(DIVIDER), "top", [Voltage("a", volt)], {"op": Points()}, open_pins=["b"])
    with pytest.raises(SpecError, match="not finite"):
        simulate.run(bench)
