import math

import numpy as np
import pytest
from mirrorneuron.flows.testbenches.measure import Transfer, fit_logistic, step_response
from mirrorneuron.pdk_sky130.errors import EvidenceError

TIME = np.linspace(0, 10, 4001)
LATER = np.maximum(TIME - 1, 0)


def test_settling_of_an_exponential_is_the_logarithm_of_the_band() -> None:
    found = step_response(TIME, 2 + 3 * (1 - np.exp(-LATER / 0.5)), 1.0, 10.0, band=0.03)
    assert found.settling_s == pytest.approx(0.5 * math.log(100), rel=2e-3)
    assert (found.initial, found.final) == (pytest.approx(2), pytest.approx(5))
    assert found.overshoot < 1e-6
    assert found.excursions == 0


def test_falling_step_settles_alike() -> None:
    up = step_response(TIME, 1 - np.exp(-LATER / 0.5), 1.0, 10.0, band=0.01)
    down = step_response(TIME, np.exp(-LATER / 0.5), 1.0, 10.0, band=0.01)
    assert down.settling_s == pytest.approx(up.settling_s)
    assert down.overshoot < 1e-6


def test_ringing_is_counted() -> None:
    # exp(-t) cos(2 pi t): beyond 6 % of the step near the half periods t = 0.5 ... 2.5.
    wave = 1 - np.exp(-LATER) * np.cos(2 * np.pi * LATER)
    found = step_response(TIME, wave, 1.0, 10.0, band=0.06)
    assert found.excursions == 5
    assert found.overshoot == pytest.approx(np.exp(-0.5), abs=0.03)
    assert 2.5 < found.settling_s < 3.0


def test_oscillation_and_drift_have_not_settled() -> None:
    assert step_response(TIME, np.sin(7 * TIME), 1.0, 10.0, band=0.05).settling_s == math.inf
    assert step_response(TIME, TIME, 1.0, 10.0, band=0.5).settling_s == math.inf


def test_a_step_that_does_nothing_is_settled() -> None:
    assert step_response(TIME, np.ones_like(TIME), 1.0, 10.0, band=0.01).settling_s == 0


def test_undershoot_counts_as_overshoot() -> None:
    wave = 1 - np.exp(-LATER / 0.3) - 0.4 * LATER * np.exp(-LATER / 0.05) * 20
    assert step_response(TIME, wave, 1.0, 10.0, band=0.01).overshoot > 0.03


@pytest.mark.parametrize(("at", "until"), [(1, 11), (-1, 5), (5, 5)])
def test_a_record_that_does_not_cover_the_step(at: float, until: float) -> None:
    with pytest.raises(EvidenceError):
        step_response(TIME, TIME, at, until, band=0.1)


def test_a_record_with_a_hole() -> None:
    wave = np.ones_like(TIME)
    wave[100] = np.nan
    with pytest.raises(EvidenceError):
        step_response(TIME, wave, 1.0, 10.0, band=0.1)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_logistic_is_found_again(unit: float) -> None:
    x = np.linspace(-2, 10, 61)
    y = unit * (0.05 + 0.95 / (1 + np.exp(-1.3 * (x - 4.2))))
    found = fit_logistic(x * unit, y)
    assert found.slope * unit == pytest.approx(1.3, rel=1e-5)
    assert found.middle / unit == pytest.approx(4.2, rel=1e-5)
    assert (found.low / unit, found.high / unit) == (pytest.approx(0.05), pytest.approx(1.0))
    assert found.rms < 1e-6
    assert found(x * unit) == pytest.approx(y, rel=1e-5)


def test_residual_is_relative_to_the_maximum() -> None:
    x = np.linspace(-5, 5, 401)
    y = 2 / (1 + np.exp(-2 * x)) + 0.02 * np.sqrt(2) * np.sin(40 * x)
    found = fit_logistic(x, y)
    assert found.rms == pytest.approx(0.01, rel=0.05)
    assert found.worst == pytest.approx(0.01 * np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("y", [np.linspace(1, 0, 20), np.ones(20), np.full(20, np.nan), np.ones(3)])
def test_no_logistic(y: np.ndarray) -> None:
    with pytest.raises(EvidenceError):
        fit_logistic(np.arange(float(len(y))), y)


@pytest.mark.parametrize("sign", [1, -1])
def test_transfer_is_read_backwards(sign: int) -> None:
    x = np.linspace(0, 8, 41)
    transfer = Transfer(x, sign * np.tanh(x / 4))
    wanted = np.array([0.3, 2.71, 6.9])
    assert transfer.inverse(sign * np.tanh(wanted / 4)) == pytest.approx(wanted, abs=2e-4)


def test_transfer_that_turns_or_stands_still() -> None:
    x = np.linspace(0, 3, 31)
    with pytest.raises(EvidenceError, match=r"turns between x=1\.6"):
        Transfer(x, np.sin(x))
    with pytest.raises(EvidenceError, match="turns"):
        Transfer(x, np.minimum(x, 2))
    with pytest.raises(EvidenceError, match="two values"):
        Transfer([0, 1, 1, 2], [0, 1, 2, 3])


def test_transfer_does_not_reach_beyond_its_range() -> None:
    transfer = Transfer([0, 1, 2, 3], [0, 10, 20, 30])
    with pytest.raises(EvidenceError, match="outside of the measured transfer"):
        transfer.inverse(30.1)
    with pytest.raises(EvidenceError):
        transfer.inverse(math.nan)
    assert transfer.inverse(30.1, slack=0.01) == pytest.approx(3.01)
    with pytest.raises(EvidenceError):
        transfer.inverse(30.4, slack=0.01)
