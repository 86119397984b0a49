"""Imports that README and the documents of earlier versions name: they stay, also where the code has moved."""

from __future__ import annotations

from importlib import import_module

import pytest

FORMER = {
    "mirrorneuron.flows.build": ("build",),
    "mirrorneuron.flows.matching": ("run",),
    "mirrorneuron.flows.executor": ("Task", "open_executor"),
    "mirrorneuron.flows.executor_dask": ("workers_report",),
    "mirrorneuron.flows.sampling": ("Samples", "Variation", "sample"),
    "mirrorneuron.flows.simulate": ("Condition", "conditions", "run_many"),
    "mirrorneuron.flows.statistics": ("Limits", "contributions", "summarise", "yield_of"),
    "mirrorneuron.flows.sweep": ("Sweep", "blocks"),
    "mirrorneuron.flows.testbenches.bench": ("Bench", "CurrentInput", "Voltage", "sweep"),
    "mirrorneuron.flows.testbenches.device": ("Transistor", "measure"),
    "mirrorneuron.generators.neuron.spec": ("NeuronSpec",),
    "mirrorneuron.generators.placement": ("common_centroid", "metrics"),
}


@pytest.mark.parametrize("module", FORMER)
def test_a_former_import_works(module: str) -> None:
    if module.endswith("executor_dask"):
        pytest.importorskip("distributed")
    for name in FORMER[module]:
        assert hasattr(import_module(module), name)


def test_the_former_spec_is_the_spec() -> None:
    from mirrorneuron.generators.cells.neuron import NeuronSpec
    from mirrorneuron.generators.neuron.spec import NeuronSpec as FormerSpec

    assert FormerSpec is NeuronSpec
