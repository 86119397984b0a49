"""The cells by name: a spec, a circuit and a layout each.

A new cell is a package with ``spec``, ``circuit`` and ``layout``, and a line in `_CELLS`; a new mirror is a module of
`mirrorneuron.generators.cells.mirrors` alone. Modules are imported when they are needed: the command line names the
cells without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, cast

import yaml
from mirrorneuron.pdk_sky130.devices import NO_PNP
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

if TYPE_CHECKING:
    from mirrorneuron.generators.circuit import Netlist
    from mirrorneuron.generators.spec import CellSpec, FieldRow

__all__ = ["circuit_of", "describe", "layout_of", "load", "names", "summary"]


@dataclass(frozen=True)
class _Cell:
    """Where a cell's three parts are: a package, and what its modules call them."""

    package: str
    spec: str
    circuit: str
    layout: str

    def part(self, module: str) -> Any:
        """The class or function that a module of the package gives."""
        return getattr(import_module(f"{__package__}.cells.{self.package}.{module}"), getattr(self, module))

    def spec_class(self) -> type[CellSpec]:
        return cast("type[CellSpec]", self.part("spec"))


_CELLS = {
    "matched_array": _Cell(
        "matched_array", spec="MatchedArraySpec", circuit="build_matched_array", layout="draw_matched_array"
    ),
    "neuron": _Cell("neuron", spec="NeuronSpec", circuit="build_neuron", layout="draw_neuron"),
    "synapse_array": _Cell(
        "synapse_array", spec="SynapseArraySpec", circuit="build_synapse_array", layout="draw_synapse_array"
    ),
}


@dataclass(frozen=True)
class _MirrorCell(_Cell):
    """A mirror, all of whose parts are in one module."""

    def part(self, module: str) -> Any:
        return getattr(import_module(f"{__package__}.cells.{self.package}").MIRROR, module)


for _module in iter_modules([str(Path(__file__).with_name("cells") / "mirrors")]):
    if not _module.ispkg:
        _CELLS[f"mirror_{_module.name}"] = _MirrorCell(f"mirrors.{_module.name}", "spec", "circuit", "layout")

_LARGEST = 1_000_000
"""Bytes of a spec file; a spec has some hundred."""


def names() -> tuple[str, ...]:
    """The cells, in alphabetical order."""
    return tuple(sorted(_CELLS))


def summary(name: str) -> str:
    """What a cell is, in a line."""
    return (_cell(name).spec_class().__doc__ or "").partition("\n")[0]


def describe(name: str) -> list[FieldRow]:
    """A cell's fields with unit, limits, default and description.

    Raises
    ------
    SpecError
        There is no such cell.
    """
    return _cell(name).spec_class().field_rows()


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
        It is no YAML, no mapping, or a field is wrong; or there is no such cell.
    """
    from_file = spec_argument not in _CELLS
    fields = _read(spec_argument) if from_file else {"cell": spec_argument}
    changes: dict[str, Any] = {}
    for override in overrides:
        field, equals, text = override.partition("=")
        field = field.strip()
        if not equals or not field:
            raise SpecError(f"--set {override}: must be field=value, such as weights=[1,2,-3]")
        if field in changes:
            raise SpecError(f"--set {field} is given twice; give it once")
        changes[field] = _parse(text, f"--set {override}")
    fields |= changes
    source = f"{spec_argument}: " if from_file else ""
    if "cell" not in fields:
        raise SpecError(f"{source}cell is missing; say which cell this is: {' or '.join(names())}")
    name = fields["cell"]
    try:
        cell = _cell(name) if isinstance(name, str) else _no_cell(name)
        return cell.spec_class()(**fields)
    except SpecError as error:
        lines = str(error).splitlines()
        raise SpecError("\n".join(f"{source}{line}" for line in lines)) from None


def circuit_of(spec: CellSpec) -> Netlist:
    """A spec's circuit."""
    build = cast("Callable[[CellSpec], Netlist]", _cell(spec.cell).part("circuit"))
    return build(spec)


def layout_of(spec: CellSpec) -> Any:
    """A spec's layout, a ``klayout.db.Layout``."""
    return _cell(spec.cell).part("layout")(spec)


def _cell(name: str) -> _Cell:
    return _CELLS[name] if name in _CELLS else _no_cell(name)


def _no_cell(name: object) -> _Cell:
    if "pnp" in str(name):
        raise SpecError(
            f"there is no cell {str(name)[:60]!r}: {NO_PNP}. Take mirror_npn, or one of p transistors (polarity: p)"
        )
    near = get_close_matches(str(name), names(), 1)
    hint = f"did you mean {near[0]}?" if near else f"the cells are {', '.join(names())}"
    raise SpecError(f"there is no cell {str(name)[:60]!r}; {hint}")


def _read(argument: str) -> dict[str, Any]:
    if not argument:
        _no_cell(argument)
    path = Path(argument)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        if path.suffix or len(path.parts) > 1:
            raise FileError(f"{argument}: there is no such file; give a YAML file or a cell's name") from None
        _no_cell(argument)
    except IsADirectoryError:
        raise FileError(f"{argument} is a folder; give a YAML file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid path"
        raise FileError(f"{argument!r} cannot be read ({reason}); give a YAML file or a cell's name") from None
    if len(data) > _LARGEST:
        raise FileError(f"{argument} is larger than {_LARGEST} bytes: no spec; give a YAML file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{argument} is no text: byte {error.start} is not UTF-8; give a YAML file") from None
    fields = _parse(text, argument)
    if fields is None:
        raise SpecError(f"{argument} is empty; it must hold field: value lines, the first cell: {names()[0]}")
    if not isinstance(fields, dict):
        raise SpecError(f"{argument} holds no field: value lines, but a {type(fields).__name__}")
    odd = next((key for key in fields if not isinstance(key, str)), None)
    if odd is not None:
        raise SpecError(f"{argument}: {odd!r} is no field's name")
    return fields


def _parse(text: str, source: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SpecError(f"{source}: {where}{error.problem or error.context} (YAML)") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{source}: {' '.join(str(error).split())} (YAML)") from None
    except RecursionError:
        raise SpecError(f"{source}: nested too deeply for a spec (YAML)") from None
    except ValueError as error:
        raise SpecError(f"{source}: {error} (YAML)") from None


class _Loader(yaml.SafeLoader):
    """Plain values as YAML 1.2 has them (``1e-6`` is a number; ``no``, ``010``, ``1:30`` are text); no tags, no
    repeated keys."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as the base class has it

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise yaml.composer.ComposerError(None, None, f"the tag {tag} is not allowed in a spec", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen if isinstance(key, yaml.ScalarNode) else False:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))
