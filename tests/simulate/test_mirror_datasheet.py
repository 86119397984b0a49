"""The datasheet of a mirror and the comparison of several: what is in them, and what they refuse."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from mirrorneuron.flows import cli, compare, datasheet, judge
from mirrorneuron.flows.compare import page as compare_report
from mirrorneuron.flows.reports.plots import draw
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.mirror import bench as mirror
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import InputError, SpecError

# As if extracted: the schematic of a simple mirror with a wire to the output.
WIRE = ".ends", "Cwire iout1 vss 10f\n.ends"


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    path = tmp_path_factory.mktemp("pex") / "mirror_simple.pex.spice"
    path.write_text(catalog.circuit_of(catalog.load("mirror_simple", ())).to_spice().replace(*WIRE, 1))
    return path


@pytest.fixture(scope="module")
def sheet(extracted, tmp_path_factory):
    spec = catalog.load("mirror_simple", ())
    out = tmp_path_factory.mktemp("out")
    bench = registry.needed(spec)
    found = datasheet.make(spec, out, targets=judge.targets(bench), netlist=extracted, jobs=2)
    datasheet.write(found, out)
    return found


@pytest.fixture
def measured_once(sheet, monkeypatch):
    """No mirror is simulated: all have what was measured on the simple one."""

    def measure(spec, netlists, **_):
        return [sheet.measured[SCHEMATIC], sheet.measured[LAYOUT]][: len(netlists)]

    monkeypatch.setattr(mirror, "measure", measure)
    # Figures take seconds, and their own test looks at them.
    monkeypatch.setattr(mirror, "plots", lambda found: [])


def test_schematic_and_layout_stand_side_by_side(sheet):
    assert list(sheet.measured) == [SCHEMATIC, LAYOUT]
    assert sheet.passed
    before, after = (one.numbers for one in sheet.measured.values())
    assert after["output_resistance_1m"] < before["output_resistance_1m"]  # the wire
    assert after["error_after_layout"] == pytest.approx(0, abs=1e-4)
    assert "error_after_layout" not in before


def test_the_record_has_numbers_theory_and_curves(sheet):
    record = json.loads(Path(sheet.files["datasheet_json"]).read_text())
    assert record["cell"] == "mirror_simple"
    assert record["spec"]["ratios"] == [1, 1]
    assert record["area_um2"] > 100
    numbers = record["measured"][LAYOUT]["numbers"]
    hand = record["theory"]["output_resistance"]
    assert hand["formula"] == "r_o = 1 / (lambda I)"
    assert hand["value"] == pytest.approx(numbers["output_resistance"]["value"], rel=0.1)
    curve = record["curves"][LAYOUT]["ratio_error"]
    assert len(curve["volt"]) == len(curve["percent"]["iout1"]) == 181
    assert len(record["curves"][SCHEMATIC]["noise"]["hertz"]) > 80
    assert any(check["name"] == "Output resistance of a unit" for check in record["checks"])


def test_the_page_has_every_number_and_its_formula(sheet):
    page = html.unescape(Path(sheet.files["datasheet"]).read_text())
    for key in sheet.best.numbers:
        assert QUANTITIES[key].text in page
    for hand in sheet.theory.values():
        assert hand.source.split(",")[0] in page
    assert page.count("<figure") == 7
    assert "MEETS ITS TARGETS" in page
    assert "the models vary the transistors' thresholds alone" in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_the_same_figures_each_time(sheet):
    page = Path(sheet.files["datasheet"]).read_text()
    for plot in registry.needed(sheet.spec).plots(sheet.measured):
        assert draw(plot).svg in page


def test_a_missed_target_is_shown(measured_once, extracted, tmp_path):
    spec = catalog.load("mirror_simple", ())
    wanted = judge.Target(value="output_resistance", min=1.0)
    found = datasheet.make(spec, tmp_path, targets=[wanted], netlist=extracted)
    assert not found.passed
    datasheet.write(found, tmp_path)
    assert "MISSES TARGETS" in (tmp_path / "datasheet.html").read_text()


def test_a_number_that_is_missing_is_told(sheet, measured_once, extracted, tmp_path, monkeypatch):
    broken = replace(sheet.measured[LAYOUT], numbers={}, missing=dict.fromkeys(QUANTITIES, "it is dead"))
    monkeypatch.setattr(mirror, "measure", lambda *_, **__: [sheet.measured[SCHEMATIC], broken])
    spec = catalog.load("mirror_simple", ())
    found = datasheet.make(spec, tmp_path, targets=judge.targets(registry.needed(spec)), netlist=extracted)
    assert not found.passed
    datasheet.write(found, tmp_path)
    assert "it is dead" in (tmp_path / "datasheet.html").read_text()


def test_lines_for_people(sheet):
    told = "\n".join(datasheet.lines(sheet))
    assert re.search(r"Output resistance of a unit +0\.011\d* +0\.011\d* +0\.0107 +Gohm", told)


def test_characterize_leaves_a_datasheet(measured_once, extracted, tmp_path, capsys):
    command = ["characterize", "mirror_simple", "--netlist", extracted, "--out", tmp_path, "--corners", "tt", "--json"]
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main([*map(str, command), "--temperatures", "27"])
    record = json.loads(capsys.readouterr().out)
    assert record["passed"]
    assert record["datasheet"]["measured"][LAYOUT]["numbers"]["bandwidth"]["unit"] == "MHz"
    assert (tmp_path / "mirror_simple" / "datasheet.html").is_file()
    assert set(record["corners"]["tt 27C"]) == {"error_iout1", "input_voltage"}


def test_no_datasheet_without_theory(tmp_path):
    spec = catalog.load("matched_array", ("ratios=[1,1]",))
    with pytest.raises(InputError, match="makes no datasheet"):
        datasheet.make(spec, tmp_path, targets=[])


# Side by side


@pytest.fixture
def compared(measured_once, tmp_path):
    specs = [catalog.load(name, ()) for name in ("mirror_simple", "mirror_cascode")]
    found = compare.compare(specs, tmp_path, layout=False)
    compare.write(found, tmp_path)
    return found


def test_a_comparison(compared):
    record = json.loads(Path(compared.files["json"]).read_text())
    assert compared.passed
    assert record["where"] == SCHEMATIC
    assert list(record["mirrors"]) == ["mirror_simple", "mirror_cascode"]
    assert record["mirrors"]["mirror_cascode"]["area_um2"] > record["mirrors"]["mirror_simple"]["area_um2"]
    page = Path(compared.files["report"]).read_text()
    assert page.count("<figure") == 2
    for short in compare.KEYS.values():
        assert short in page
    told = compare.lines(compared)
    assert len(told) == 3
    assert re.match(r"mirror_simple +6\.187 +0\.011", told[1])


def test_a_number_that_is_missing_is_a_dash(compared):
    first = compared.mirrors[0]
    bare = replace(first.measurement, numbers={})
    found = compare.Comparison(mirrors=[compare.ComparedMirror(first.spec, bare, 1.0)], where=LAYOUT, checks=[])
    assert compare.lines(found)[1].split() == ["mirror_simple", *["-"] * len(compare.KEYS), "1"]
    assert "&ndash;" in compare_report.render(found)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([("matched_array", "ratios=[1,1]")], "no mirror"),
        ([("mirror_simple", "current=1uA"), ("mirror_cascode", "current=2uA")], "not made for one current"),
        ([("mirror_simple", "name=a"), ("mirror_cascode", "name=a")], "two mirrors of one name"),
    ],
)
def test_what_cannot_be_compared(cells, said, tmp_path):
    specs = [catalog.load(cell, (change,)) for cell, change in cells]
    with pytest.raises((InputError, SpecError), match=said):
        compare.compare(specs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(measured_once, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["compare", "mirror_simple", "mirror_wilson", "--schematic", "--out", str(tmp_path)])
    assert "mirror_wilson" in capsys.readouterr().out
    assert (tmp_path / "mirrors.html").is_file()
    assert (tmp_path / "mirrors.json").is_file()
