"""The cells by name. A cell is found by being there; nothing is registered.

A cell is a module that exports its record, ``CELL`` (`mirrorneuron.generators.cell.Cell`). In ``cells/``

- a module is a cell of its name;
- a package with a module ``cell`` is a cell of the package's name;
- another package is a family: each of its modules is a cell of the module's name.

Names are found without importing a module, and a cell's module is imported when the cell is needed: the command line
lists the cells at once. The targets of a cell are the YAML files beside its module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NoReturn, cast

from mirrorneuron.generators import cells
from mirrorneuron.pdk_sky130.devices import NO_PNP
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

if TYPE_CHECKING:  # at runtime these import pydantic, which takes longer than all commands that need no cell
    from klayout import db as kdb
    from mirrorneuron.generators.cell import Cell
    from mirrorneuron.generators.circuit import Netlist
    from mirrorneuron.generators.spec import CellSpec, FieldRow

__all__ = ["cell", "circuit_of", "describe", "layout_of", "load", "names", "summary", "targets_of"]

_RECORD_MODULE = "cell"


def names() -> tuple[str, ...]:
    """The cells, in alphabetical order."""
    return tuple(sorted(_modules()))


def cell(name: str) -> Cell[Any]:
    """A cell's record.

    Raises
    ------
    SpecError
        There is no cell of this name.
    """
    modules = _modules()
    if name not in modules:
        _no_cell(name)
    return cast("Cell[Any]", import_module(modules[name]).CELL)


def targets_of(name: str) -> tuple[Path, ...]:
    """The files of a cell's targets, those of its family first; raises as `cell`.

    ``<family>.targets.yaml`` holds for every spec of the family, ``<name>.targets.yaml`` for the cell alone.
    """
    family = cell(name).family
    folder = Path(str(import_module(_modules()[name]).__file__)).parent
    paths = dict.fromkeys(folder / f"{stem}.targets.yaml" for stem in (family, name))
    return tuple(path for path in paths if path.is_file())


def summary(name: str) -> str:
    """One line about a cell; raises as `cell`."""
    return (cell(name).spec.__doc__ or "").partition("\n")[0]


def describe(name: str) -> list[FieldRow]:
    """A cell's fields with unit, limits, default and description; raises as `cell`."""
    rows: list[FieldRow] = cell(name).spec.field_rows()
    return rows


def circuit_of(spec: CellSpec) -> Netlist:
    """A spec's circuit."""
    return cell(spec.cell).circuit(spec)


def layout_of(spec: CellSpec) -> kdb.Layout:
    """A spec's layout."""
    return cell(spec.cell).layout(spec)


def load(spec_argument: str, overrides: Sequence[str] = ()) -> CellSpec:
    """The spec that the command line asks for.

    Parameters
    ----------
    spec_argument
        A YAML file, or the name of a cell, whose defaults are then taken (a file of that name is ``./name``).
    overrides
        ``field=value``, the value as YAML writes it.

    Raises
    ------
    FileError
        The file is missing or cannot be read as text.
    SpecError
        The text is no YAML mapping, a field is wrong, or there is no such cell.
    """
    from_file = spec_argument not in names()
    fields = _read(spec_argument) if from_file else {"cell": spec_argument}
    fields |= _parsed(overrides)
    source = f"{spec_argument}: " if from_file else ""
    if "cell" not in fields:
        raise SpecError(f"{source}cell is missing; give the cell's name: {' or '.join(names())}")
    name = fields["cell"]
    try:
        spec: CellSpec = cell(name).spec(**fields) if isinstance(name, str) else _no_cell(name)
    except SpecError as error:
        raise SpecError("\n".join(f"{source}{line}" for line in str(error).splitlines())) from None
    return spec


def _read(argument: str) -> dict[str, Any]:
    from mirrorneuron.generators.spec import reader  # imports pydantic

    if not argument:
        _no_cell(argument)
    try:
        return reader.read_fields(argument)
    except FileNotFoundError:
        path = Path(argument)
        if not path.suffix and len(path.parts) == 1:
            _no_cell(argument)
        raise FileError(f"{argument}: there is no such file; give a YAML file or a cell's name") from None


def _parsed(overrides: Sequence[str]) -> dict[str, Any]:
    from mirrorneuron.generators.spec import reader  # imports pydantic

    fields: dict[str, Any] = {}
    for override in overrides:
        field, equals, text = override.partition("=")
        field = field.strip()
        if not equals or not field:
            raise SpecError(f"--set {override}: must be field=value, such as weights=[1,2,-3]")
        if field in fields:
            raise SpecError(f"--set {field} is given twice; give it once")
        fields[field] = reader.parse(text, f"--set {override}")
    return fields


def _modules() -> dict[str, str]:
    """Cells' names, with their modules' full names."""
    return dict(_found_in(cells.__path__, cells.__name__))


def _found_in(folders: Sequence[str], package: str) -> Iterator[tuple[str, str]]:
    for module in iter_modules(folders):
        name = f"{package}.{module.name}"
        if not module.ispkg:
            yield module.name, name
            continue
        inside = [str(Path(folder) / module.name) for folder in folders]
        members = [member for member in iter_modules(inside) if not member.ispkg]
        if any(member.name == _RECORD_MODULE for member in members):
            yield module.name, f"{name}.{_RECORD_MODULE}"
        else:
            yield from ((member.name, f"{name}.{member.name}") for member in members)


def _no_cell(name: object) -> NoReturn:
    quoted = repr(str(name)[:60])
    if "pnp" in str(name):
        raise SpecError(f"there is no cell {quoted}: {NO_PNP}. Take mirror_npn, or p transistors (polarity: p)")
    near = get_close_matches(str(name), names(), 1)
    hint = f"did you mean {near[0]}?" if near else f"the cells are {', '.join(names())}"
    raise SpecError(f"there is no cell {quoted}; {hint}")
