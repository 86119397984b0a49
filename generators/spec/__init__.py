"""Specs: kinds of fields, fields that cells share, the base class, and the reader of YAML files."""

from mirrorneuron.generators.spec.cell_spec import (
    CellSpec,
    FieldRow,
)
from mirrorneuron.generators.spec.fields import (
    FITS,
    NAME_TEXT,
    REFERENCE_UNITS_TEXT,
    Name,
    ReferenceUnits,
    UnitSizes,
    kind_of_cell,
)
from mirrorneuron.generators.spec.kinds import (
    Identifier,
    Kind,
    Micrometres,
    OneOf,
    SiQuantity,
    Whole,
    WholeList,
    WholeMatrix,
)

__all__ = [
    "FITS",
    "NAME_TEXT",
    "REFERENCE_UNITS_TEXT",
    "CellSpec",
    "FieldRow",
    "Identifier",
    "Kind",
    "Micrometres",
    "Name",
    "OneOf",
    "ReferenceUnits",
    "SiQuantity",
    "UnitSizes",
    "Whole",
    "WholeList",
    "WholeMatrix",
    "kind_of_cell",
]
