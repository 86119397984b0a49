"""From what the command line is given to a spec, and from a spec to its circuit and layout."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.generators import catalog, cells
from mirrorneuron.generators.cells import mirrors as mirrors_package
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import FileError, InputError, SpecError

EXAMPLES = sorted(
    path for path in (Path(__file__).parents[2] / "examples").glob("*.yaml") if not path.name.endswith(".targets.yaml")
)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a spec file and return its path as text."""

    def writing(content: str | bytes, name: str = "cell.yaml") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return writing


def _message(kind: type[InputError], argument: str, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        catalog.load(argument, overrides)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_cell_has_all_its_parts() -> None:
    others = [name for name in catalog.names() if not name.startswith("mirror_")]
    assert others == ["matched_array", "neuron", "synapse_array"]
    mirrors = {path.stem for path in Path(mirrors_package.__path__[0]).glob("*.py")} - {"__init__"}
    assert mirrors | set(others) == set(catalog.names())
    assert {
        f"mirror_{kind}" for kind in ("simple", "cascode", "wide_swing", "wilson_improved", "active_input")
    } <= mirrors
    assert "mirror_wilson" in mirrors
    for name in catalog.names():
        assert catalog.summary(name).endswith(".")
        assert [row.field for row in catalog.describe(name)][:2] == ["cell", "name"]
        spec = catalog.load(name)
        assert spec.cell == name
        assert catalog.circuit_of(spec).name == spec.name
        layout = catalog.layout_of(spec)
        assert [cell.name for cell in layout.top_cells()] == [spec.name]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    spec = catalog.load(str(path))
    # The name of the file is the name of what it makes.
    assert spec.name == path.stem
    netlist = catalog.circuit_of(spec)
    assert netlist.to_spice().startswith(f"* cell: {spec.cell}\n* name: {spec.name}\n")


def test_examples_are_there() -> None:
    specs = [catalog.load(str(path)) for path in EXAMPLES]
    weights = [spec.weights for spec in specs if isinstance(spec, NeuronSpec)]
    assert (1, 2, -3, 4) in weights
    assert {1, 16} <= {len(w) for w in weights}
    assert any(max(w) < 0 for w in weights)
    assert any(0 in w for w in weights)


def test_a_file_and_the_same_fields_in_python_are_equal(write: Any) -> None:
    path = write(
        "# a comment\ncell: neuron\nname: n\nweights: [3, -1]\nw: 1.5\nfull_scale_current: 1.5uA\nvref: 2.5e-1\n"
    )
    spec = NeuronSpec(name="n", weights=[3, -1], w=1.5, full_scale_current=1.5e-6, vref=0.25)
    assert catalog.load(path) == spec


def test_lines_of_a_spec_are_a_file(write: Any) -> None:
    spec = NeuronSpec(name="n", weights=[3, 0, -1], l=0.15, vref=0.2345, full_scale_current=1.234567e-6)
    assert catalog.load(write("\n".join(spec.lines()))) == spec


def test_overrides_win_over_the_file(write: Any) -> None:
    path = write("cell: neuron\nweights: [3, -1]\nw: 1.5\n")
    spec = catalog.load(path, ["weights=[1, 2,-3]", "full_scale_current=1.2 uA", "sum_full_scale=null", "l = 0.5"])
    assert isinstance(spec, NeuronSpec)
    assert (spec.weights, spec.w, spec.l, spec.sum_full_scale) == ((1, 2, -3), 1.5, 0.5, None)
    assert spec.full_scale_current == pytest.approx(1.2e-6)
    assert catalog.load("neuron", ["full_scale_current=1e-6"]) == NeuronSpec()


def test_a_cell_that_is_also_a_file_is_the_cell(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("cell: neuron\nname: from_file\n", "neuron")
    monkeypatch.chdir(tmp_path)
    assert catalog.load("neuron").name == "neuron"
    assert catalog.load("./neuron").name == "from_file"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("weights", "must be field=value"),
        ("=3", "must be field=value"),
        ("weigths=[1]", "did you mean weights?"),
        ("weights=[1", "(YAML)"),
        ("weights=[1, 2.0]", "weights[1] is 2.0: must be"),
        ("weights=[010]", "weights[0] is '010': must be"),
        ("weights=[1:30]", "weights[0] is '1:30': must be"),
        ("weights=[yes]", "weights[0] is 'yes': must be"),
        ("weights=", "weights is None: must be"),
        ("w=!!python/name:os.system x", "tag"),
        ("w=!!float 2", "tag"),
        ("cell=mirror", "there is no cell 'mirror'"),
        ("cell=[neuron]", "there is no cell"),
        ("name=no such name", "name is 'no such name'"),
    ],
)
def test_wrong_overrides(override: str, message: str) -> None:
    assert message in _message(SpecError, "neuron", override)


def test_an_override_that_is_given_twice() -> None:
    assert "--set w is given twice" in _message(SpecError, "neuron", "w=1", "w=2")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("- 1\n- 2\n", "holds no field: value lines, but a list"),
        ("neuron", "holds no field: value lines, but a str"),
        ("weights: [1]\n", "cell is missing"),
        ("cell: nueron\n", "did you mean neuron?"),
        ("cell: 3\n", "there is no cell '3'"),
        ("cell: neuron\nweights: [1\nw: 2\n", "line 3, column"),
        ("cell: neuron\n\tw: 2\n", "line 2, column 1"),
        ("cell: neuron\nw: 1\nw: 2\n", "line 3, column 1: w is there twice"),
        ("cell: neuron\nw: !!python/object/apply:os.getcwd []\n", "line 2, column 4: the tag"),
        ("cell: neuron\nw: 0.1\n", "w is 0.1 um: must be"),
        ("cell: neuron\n1: 2\n", "1 is no field's name"),
        ("cell: neuron\n[a, b]: 2\n", "(YAML)"),
        ("cell: neuron\nw: *nowhere\n", "line 2, column 4"),
        ("cell: neuron\nweights: &a [1, *a]\n", "the alias *a is not allowed"),
        ("cell: neuron\nw: " + "9" * 5000, "(YAML)"),
        ("cell: neuron\nweights: " + "[" * 5000, "(YAML)"),
        ("cell: neuron\n---\ncell: neuron\n", "line 2, column 1"),
        ("cell: neuron\nw: \x01\n", "(YAML)"),
        ("<<: {w: 2}\ncell: neuron\n", "'<<' is no field"),
    ],
)
def test_wrong_files(write: Any, content: str, message: str) -> None:
    path = write(content)
    said = _message(SpecError, path)
    assert message in said
    assert said.startswith(path)
    assert len(said) < 600 + len(path)


def test_every_line_of_a_message_names_the_file(write: Any) -> None:
    path = write("cell: neuron\nw: 0.1\nl: 0.1\n")
    with pytest.raises(SpecError) as caught:
        catalog.load(path)
    assert [line.partition(" is ")[0] for line in str(caught.value).splitlines()] == [f"{path}: w", f"{path}: l"]


def test_what_is_no_file(write: Any, tmp_path: Path) -> None:
    assert "there is no such file" in _message(FileError, str(tmp_path / "nothing.yaml"))
    assert "is a folder" in _message(FileError, str(tmp_path))
    assert "not UTF-8" in _message(FileError, write(b"cell: \xff\xfe"))
    assert "larger than" in _message(FileError, write(b"# " + b"x" * 1_000_000))
    assert "larger than" in _message(FileError, "/dev/zero")
    assert "no valid path" in _message(FileError, "a\0.yaml")
    assert "cannot be read" in _message(FileError, "n" * 5000 + ".yaml")
    assert "did you mean neuron?" in _message(SpecError, "neurn")
    assert f"the cells are {', '.join(catalog.names())}" in _message(SpecError, "xyzzy")
    assert f"the cells are {', '.join(catalog.names())}" in _message(SpecError, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(write: Any) -> None:
    path = write("cell: neuron\n")
    Path(path).chmod(0)
    assert "cannot be read (Permission denied)" in _message(FileError, path)


def test_a_byte_order_mark_and_a_pipe_are_read(write: Any, tmp_path: Path) -> None:
    assert catalog.load(write(b"\xef\xbb\xbfcell: neuron\r\nw: 1\r\n")) == NeuronSpec(w=1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("cell: neuron\nw: 3\n"))
    writer.start()
    assert catalog.load(str(pipe)) == NeuronSpec(w=3)
    writer.join()


def test_the_list_of_cells_imports_none_of_them() -> None:
    code = (
        "import sys; from mirrorneuron.generators import catalog; catalog.names(); "
        "print([name for name in ('pydantic', 'klayout', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CELL_TEXT = '''
from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.mirror_simple import CELL as SIMPLE
from mirrorneuron.generators.cells.mirrors.mirror_simple import MirrorSimpleSpec
from mirrorneuron.generators.spec import kind_of_cell
from typing import Annotated
from pydantic import Field


class Spec(MirrorSimpleSpec, init=False):
    """A cell that was dropped in."""

    cell: Annotated[str, kind_of_cell("{name}")] = Field("{name}", description="Kind of cell")


CELL = Cell(spec=Spec, circuit=SIMPLE.circuit, layout=SIMPLE.layout, family="mirror")
'''


def test_a_file_dropped_in_is_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module, a package with a module ``cell``, and a module in a family; targets beside them."""
    for name, path in (
        ("dropped_module", "dropped_module.py"),
        ("dropped_package", "dropped_package/cell.py"),
        ("dropped_mirror", "dropped_family/dropped_mirror.py"),
    ):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(CELL_TEXT.format(name=name))
    (tmp_path / "dropped_family" / "parts").mkdir()
    (tmp_path / "dropped_family" / "parts" / "__init__.py").touch()
    targets = [tmp_path / "dropped_family" / f"{stem}.targets.yaml" for stem in ("mirror", "dropped_mirror", "other")]
    for target in targets:
        target.write_text("[]\n")
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    assert {*catalog.names()} >= {"dropped_module", "dropped_package", "dropped_mirror", "neuron", "mirror_simple"}
    for name in ("dropped_module", "dropped_package", "dropped_mirror"):
        assert catalog.summary(name) == "A cell that was dropped in."
        assert catalog.circuit_of(catalog.load(name)).pins == ("iin", "iout1", "vss")
    assert catalog.targets_of("dropped_mirror") == tuple(targets[:2])
    assert catalog.targets_of("dropped_module") == ()


def test_targets_lie_beside_the_cells() -> None:
    assert [path.name for path in catalog.targets_of("mirror_cascode")] == [
        "mirror.targets.yaml",
        "mirror_cascode.targets.yaml",
    ]
    assert [path.name for path in catalog.targets_of("neuron")] == ["neuron.targets.yaml"]
    assert catalog.targets_of("synapse_array") == ()
    with pytest.raises(SpecError, match="did you mean neuron"):
        catalog.targets_of("neurn")


@pytest.mark.parametrize("name", catalog.names())
def test_a_record_is_whole(name: str) -> None:
    record = catalog.cell(name)
    assert record.spec().cell == name
    spec = record.spec()
    assert record.hand is None or record.hand(spec)
    assert (record.family is None) == (name == "synapse_array")
