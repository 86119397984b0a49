"""The benchmark of operating points runs, and refuses results that differ."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from mirrorneuron.flows.simulate import run
from mirrorneuron.pdk_sky130.errors import EvidenceError

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "simulate.py"
RATIOS = ("process_ratio", "sample_ratio", "samples_per_second_per_core")


def _call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **variables},
        check=False,
    )


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_simulate", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_quick_run_prints_one_json_object_with_the_ratios() -> None:
    done = _call("--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    mirror = found["mirror"]
    assert mirror["devices"] == 20
    assert {key: found[key] for key in RATIOS} == {key: mirror[key] for key in RATIOS}
    # Both are wanted to be much more; this is with few repeats, whatever else runs here.
    assert found["process_ratio"] > 30
    assert found["sample_ratio"] > 100
    assert mirror["library_ms"] > 300
    assert mirror["process_ms"] < mirror["total_ms"] < mirror["first_total_ms"]
    assert mirror["largest_difference_v"] < 1e-6


def test_missing_program_is_an_error_without_a_result() -> None:
    done = _call("--quick", "--json", MIRRORNEURON_NGSPICE="/nonexistent")
    assert (done.returncode, done.stdout) == (3, "")
    assert "ngspice is missing" in done.stderr and "Traceback" not in done.stderr


def test_results_that_differ_are_no_result(benchmark: ModuleType, tmp_path: Path) -> None:
    result = run(benchmark.mirror(tmp_path))
    volts = {"in": float(result["op"].v("in")[0])}
    assert benchmark._agree(volts, result, "same") == 0
    with pytest.raises(EvidenceError, match=r"other: mirror differs by 0\.0001 V"):
        benchmark._agree({"in": volts["in"] + 1e-4}, result, "other")
