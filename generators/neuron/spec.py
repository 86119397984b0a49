"""What a user asks for: the neuron's weights, units and operating point, each field with unit, limits and default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mirrorneuron.generators.spec import CellSpec, CellName, Micrometre

__all__ = ["NeuronSpec"]

Weight = Annotated[int, Field(strict=True, ge=-15, le=15)]


class NeuronSpec(CellSpec):
    """A neuron: signed integer weights, one current input each, a sigmoid of their weighted sum as a current."""
