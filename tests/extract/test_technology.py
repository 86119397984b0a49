"""The technology adapter, on a made-up file and on the official one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError
from mirrorneuron.pdk_sky130.technology import magic

TECH = """\
version
 requires magic-8.3.200
end
drc
 width m1 140 "sidehalo 8"
end
types
  locali locali,li1,li
 -locali corelocali,coreli
  metal2 metal2,m2
  metal2 m2contact,m2c
end
aliases
  allli  *li,coreli
end
extract
 style s variants (),(si)
 sidehalo 8
 fringeshieldhalo 8
 planeorder well 1
 planeorder active 2
 planeorder locali 3
 planeorder metal1 4
 planeorder metal2 5
 # a comment
 resist (pwell)/well 4000
 resist (*ndiff,nsd)/active 120
 resist comment None
 defaultsidewall *poly active 10
 defaultsidewall li locali 10 0.14
 defaultsidewall m2 metal2 50 0.3
 defaultsideoverlap m2 metal2 nwell,pwell well 10
 defaultsideoverlap m2 metal2 m1 metal1 10
 defaultsideoverlap m2 metal2 li locali 10
 defaultsideoverlap li locali m2 metal2 10
 defaultoverlap m2 metal2 m1 metal1 130
 variants (),(si)
 device msubcircuit n nfet,scnfet \\
\t*ndiff *ndiff pwell error w>=0.42 l=l w=w
 device msubcircuit special_n scnfet *ndiff *ndiff pwell error w<0.42 l=l
 device rsubcircuit r res xpc pwell error l=l+0.16 w=w
 device rsubcircuit r_fixed res xpc pwell error w>0.34 w<0.36 l=l+0.16
 variants (orig)
 device mosfet n_orig nfet ndiff pwell
end
style
 sidehalo 8
end
"""


@pytest.fixture
def pdk(tmp_path: Path) -> install.Pdk:
    tech = tmp_path / "official" / "sky130A.tech"
    tech.parent.mkdir()
    tech.write_text(TECH)
    return replace(install.locate(), magic_tech=tech)


@pytest.mark.parametrize("version", ["8.3.200", "8.3.201", "8.3.1000", "8.4.0", "9.0.1", "8.3.200.1"])
def test_a_new_enough_magic_gets_the_official_file(version: str, pdk: install.Pdk, tmp_path: Path) -> None:
    assert magic.technology(pdk, version, tmp_path) == pdk.magic_tech
    assert not (tmp_path / "sky130A.tech").exists()


@pytest.mark.parametrize("version", ["8.3.199", "8.3.99", "8.2.500", "7.9.999"])
def test_an_older_magic_gets_a_copy(version: str, pdk: install.Pdk, tmp_path: Path) -> None:
    adapted = magic.technology(pdk, version, tmp_path)
    assert adapted == tmp_path / "sky130A.tech"
    assert f"requires magic-{version}\n" in adapted.read_text()
    assert pdk.magic_tech.read_text() == TECH
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["sky130A.tech"]


def test_a_file_that_requires_nothing_is_left_alone(pdk: install.Pdk, tmp_path: Path) -> None:
    pdk.magic_tech.write_text(TECH.replace("requires", "likes"))
    assert magic.technology(pdk, "8.0.0", tmp_path) == pdk.magic_tech


def test_only_the_version_and_the_extract_section_change() -> None:
    before, _, after = magic.adapt(TECH, "8.3.105").partition("extract\n")
    assert before == TECH.partition("extract\n")[0].replace("200", "105")
    assert after.partition("\nend\n")[2] == TECH.partition("extract\n")[2].partition("\nend\n")[2]


def test_what_an_old_magic_does_not_know_is_gone() -> None:
    section = magic.adapt(TECH, "8.3.105").partition("extract\n")[2].partition("\nend\n")[0].splitlines()
    assert not any(word in line for line in section for word in ("fringeshieldhalo", "<", ">", "special_n", "r_fixed"))
    devices = [line for line in section if line.startswith("device")]
    assert devices == [
        "device msubcircuit n nfet,scnfet *ndiff *ndiff pwell error l=l w=w",
        "device rsubcircuit r res xpc pwell error l=l+0.16 w=w",
        "device mosfet n_orig nfet ndiff pwell",
    ]


def test_what_an_old_magic_gets_wrong_is_left_out() -> None:
    section = magic.adapt(TECH, "8.3.105").splitlines()
    assert not [line for line in section if line.startswith(("fringe", "defaultside", "defaultperimeter"))]
    assert "defaultoverlap m2 metal2 m1 metal1 130" in section
    assert "sidehalo 8" in section


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("li", {"locali"}),
        ("li1,m2c", {"locali", "m2contact"}),
        ("*li", {"locali"}),
        ("allli,nothing", {"locali", "corelocali"}),
    ],
)
def test_lists_of_types(names: str, found: set[str]) -> None:
    types = magic.Types(TECH)
    assert types.expand(names) == found
    assert types.plane("m2c") == "metal2"
    assert types.plane("nothing") == ""


def test_device_rules_of_a_variant() -> None:
    rules = magic.device_rules(TECH, "(si)")
    assert rules.resist_classes == (4000, 120)
    assert rules.diffusions == {"n": 1, "special_n": 1}
    assert rules.length_offsets_um == {"r": 0.16, "r_fixed": 0.16}
    assert magic.device_rules(TECH, "(orig)").diffusions == {}


def test_the_official_file() -> None:
    text = install.locate().magic_tech.read_text()
    rules = magic.device_rules(text, "(si)")
    classes = {model.removeprefix("sky130_fd_pr__"): rules.resist_classes[i] for model, i in rules.diffusions.items()}
    # Sheet resistances of n+ and p+ diffusion [mOhm].
    assert {classes[f"nfet_01v8{kind}"] for kind in ("", "_lvt")} == {120000}
    assert {classes[f"pfet_01v8{kind}"] for kind in ("", "_lvt", "_hvt")} == {197000}
    assert magic.required_version(text) == (8, 3, 411)
    assert magic.required_version(magic.adapt(text, "8.3.105")) == (8, 3, 105)


@pytest.mark.parametrize(
    ("old", "new"),
    [("extract\n", "extractor\n"), (" device msubcircuit n nfet,scnfet", " device msubcircuit\n#")],
)
def test_an_unknown_form_is_refused(old: str, new: str, pdk: install.Pdk, tmp_path: Path) -> None:
    pdk.magic_tech.write_text(TECH.replace(old, new))
    with pytest.raises(EvidenceError, match="Magic technology file"):
        magic.technology(pdk, "8.3.105", tmp_path)
    assert not (tmp_path / "sky130A.tech").exists()


def test_a_file_that_is_gone(pdk: install.Pdk, tmp_path: Path) -> None:
    pdk.magic_tech.unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        magic.technology(pdk, "8.3.105", tmp_path)


def test_a_folder_that_is_not_there(pdk: install.Pdk, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        magic.technology(pdk, "8.3.105", tmp_path / "nowhere")
