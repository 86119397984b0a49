"""Bad input of mirrors as a user meets it: exit status 2, one clear line, and nothing drawn or left behind."""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows import cli

RATIOS = r"whole numbers? from 1 to 256 \(a ratio is a count of equal unit transistors"
NO_PNP = "the collector of every pnp is the substrate"

BAD = {
    "ratio 0": ("mirror_simple", ["ratios=[1,0]"], rf"ratios\[1\] is 0: must be a {RATIOS}"),
    "negative ratio": ("mirror_cascode", ["ratios=[-2,1]"], rf"ratios\[0\] is -2: must be a {RATIOS}"),
    "fractional ratio": ("mirror_wilson", ["ratios=[1,1.5]"], rf"ratios\[1\] is 1.5: must be a {RATIOS}"),
    "no ratio": ("mirror_npn", ["ratios=[]"], rf"ratios is \[\]: must be a list of 2 to 17 {RATIOS}"),
    "one ratio": ("mirror_widlar", ["ratios=[4]"], rf"ratios is \[4\]: must be a list of 2 to 17 {RATIOS}"),
    "no list": ("mirror_simple", ["ratios=4"], rf"ratios is 4 units: must be a list of 2 to 17 {RATIOS}"),
    "a ratio of 300": ("mirror_active_input", ["ratios=[1,300]"], rf"ratios\[1\] is 300: must be a {RATIOS}"),
    "a ratio in words": ("mirror_simple", ["ratios=[1,two]"], rf"ratios\[1\] is 'two': must be a {RATIOS}"),
    "pnp by polarity": ("mirror_npn", ["polarity=p"], f"polarity is p: .* {NO_PNP}.* mirror_cascode"),
    "pnp by polarity, helper": ("mirror_npn_beta_helper", ["polarity=p"], NO_PNP),
    "pnp by polarity, Wilson": ("mirror_npn_wilson", ["polarity=p"], NO_PNP),
    "pnp by polarity, Widlar": ("mirror_widlar", ["polarity=p"], NO_PNP),
    "pnp by device": ("mirror_npn", ["device=pnp_05v5_w0p68l0p68"], f"device is 'pnp_.* must be npn_.* {NO_PNP}"),
    "pnp by device, MOS": ("mirror_simple", ["device=pnp_05v5_w3p40l3p40"], f"device is 'pnp_.* {NO_PNP}"),
    "pnp by cell": ("mirror_pnp", [], f"there is no cell 'mirror_pnp': .*{NO_PNP}.* Take mirror_npn, or .*polarity: p"),
    "devices of the other polarity": (
        "mirror_cascode",
        ["polarity=p", "device=nfet_01v8"],
        "device is nfet_01v8, but polarity is p: they must agree; or device: auto",
    ),
    "no room for two V_GS": (
        "mirror_cascode",
        ["supply=1.0"],
        r"the input needs V_GS of the unit 0.7\d V \+ V_GS of the cascode 0.\d\d V "
        r"\+ 0.03 V to spare = 1.\d\d V at ss, -40 "
        r"or 125 C, and supply is 1 V\. Take less current a unit \(more units: ratios\), more supply,",
    ),
    "too large a current": (
        "mirror_wilson_improved",
        ["current=1mA"],
        r"current is 1000 uA, 1000 uA a unit of 2/2 um: the input needs .*, and supply is 1.8 V",
    ),
    "no room for the copy": (
        "mirror_wide_swing",
        ["supply=1.2"],
        r"the copy for the bias needs V_DS of the copy 0.1\d V \+ V_GS of the folding mirror 1.\d\d V "
        r"\+ 0.03 V to spare "
        r"= 1.\d\d V",
    ),
    "no room for the output's gate": (
        "mirror_gain_boosted",
        ["reference=0.8", "supply=1.62"],
        r"the output's gate needs V_GS of the cascode .* \+ vref 0.80 V .* and supply is 1.62 V",
    ),
    "too small a current": (
        "mirror_simple",
        ["current=1nA", "device=nfet_01v8_lvt", "w=40"],
        r"current is 0.001 uA, 1 nA a unit: nfet_01v8_lvt of 40/2 um leaks 2.2\d nA when it is off \(ff, 125 C\), and "
        r"a unit must carry 5 times that: 11.\d nA",
    ),
    "no current": ("mirror_simple", ["current=0"], "current is 0 A: must be 1 nA to 1 mA"),
    "a current in volts": ("mirror_simple", ["current=1uV"], "current is '1uV': must be 1 nA to 1 mA"),
    "reference below its range": (
        "mirror_active_input",
        ["reference=0.05"],
        "reference is 0.05 V: must be 100 mV to 800",
    ),
    "reference above its range": (
        "mirror_active_input",
        ["reference=1.5"],
        "reference is 1.5 V: must be 100 mV to 800 mV",
    ),
    "an amplifier that is too fast": (
        "mirror_active_input",
        ["bias=1uA", "current=50nA"],
        r"bias is 1000 nA and current 50 nA: .* ring\. At most 2 times the current, 100 nA of bias, or more current",
    ),
    "a Wilson mirror that rings": (
        "mirror_wilson_improved",
        ["w=20", "l=10", "cascode_w=2", "cascode_l=0.5"],
        r"units are 20/10 um and cascodes 2/0.5 um: the loop's second pole would be [\d.]+ times too low, and beyond 6",
    ),
    "reference below saturation": (
        "mirror_gain_boosted",
        ["reference=0.1"],
        r"it needs 0.1\d V of V_DS to be saturated, and reference is 0.1 V",
    ),
    "resistor too small": (
        "mirror_degenerated",
        ["drop=0.01", "current=500uA", "w=40", "l=0.5"],
        r"is 20 ohm: the shortest bar of res_xhigh_po_0p69, 0.66 um, has 2079 ohm\. Take a larger resistance, or less "
        "current a unit",
    ),
    "resistor too large": (
        "mirror_degenerated",
        ["current=1nA", "l=20", "drop=1"],
        r"is 1e\+09 ohm: 2 of them in res_xhigh_po_0p69 would be more than 1024 bars of 50 um .* Take a smaller",
    ),
    "a Widlar ratio out of reach": (
        "mirror_widlar",
        ["output=2uA"],
        r"output is 2 uA a unit, and the input's unit carries 0.9\d+ uA: a Widlar mirror gives less than that",
    ),
    "Widlar's resistor too small": (
        "mirror_widlar",
        ["output=null", "resistance=150"],
        r"its resistor is 150 ohm: the shortest bar .* resistor: res_high_po_5p73 \(from 110 ohm\)",
    ),
    "Widlar's output in leakage": (
        "mirror_widlar",
        ["device=nfet_01v8_lvt", "output=1nA", "w=20", "l=0.5"],
        r"output is 0.001 uA, 1 nA a unit: .* leaks",
    ),
    "w off grid": ("mirror_simple", ["w=2.001"], r"w is 2.001 um: must be 0.84 to 40 um, a multiple of 0.01 um"),
    "w too wide": ("mirror_simple", ["w=100"], r"w is 100 um: must be 0.84 to 40 um.* LU.3.* take more units"),
    "l too short": ("mirror_simple", ["l=0.1"], r"l is 0.1 um: must be 0.15 to 20 um"),
    "l too short for its device": (
        "mirror_cascode",
        ["polarity=p", "l=0.3"],
        r"l is 0.3 um: pfet_01v8_lvt has at least 0.35",
    ),
    "cascode too short for its device": (
        "mirror_wide_swing",
        ["device=pfet_01v8_lvt", "polarity=p", "cascode_l=0.2", "current=10uA"],
        r"cascode_l is 0.2 um: pfet_01v8_lvt has at least 0.35 um \(poly.1b\)",
    ),
    "a size without solutions": ("mirror_simple", ["w=0.84", "l=20"], "the models do not converge for it at ss"),
    "unknown field": ("mirror_simple", ["ratio=[1,2]"], r"'ratio' is no field of this cell; did you mean ratios\?"),
    "another mirror's field": (
        "mirror_simple",
        ["cascode_w=4"],
        "'cascode_w' is no field of this cell; the fields are",
    ),
    "sizes of an npn": ("mirror_npn", ["w=2"], "'w' is no field of this cell"),
    "a size in words": ("mirror_simple", ["w=wide"], "w is 'wide': must be 0.84 to 40 um"),
    "a size that is a bool": ("mirror_simple", ["w=true"], "w is True: must be 0.84 to 40 um"),
    "a list for a voltage": ("mirror_simple", ["supply=[1]"], r"supply is \[1\]: must be 1 V to 1.95 V"),
    "a folder for a name": ("mirror_simple", ["name=../x"], "name is '../x': must be 1 to 32 letters"),
    "no value": ("mirror_simple", ["w"], "--set w: must be field=value"),
}

COMMANDS = ("build", "signoff", "characterize", "compare")


def refused(arguments, message, out):
    """The command is refused with one line, and leaves nothing."""
    status, text, said = cli.execute([*arguments, "--out", str(out)], False)
    assert (status, text) == (2, None), said
    assert re.search(message, said), said
    assert said.startswith("mirrorneuron: ")
    assert "\n" not in said
    assert not out.exists()


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case, tmp_path):
    cell, given, message = BAD[case]
    changes = [word for one in given for word in ("--set", one)]
    for command in COMMANDS:
        refused([command, cell, *changes], message, tmp_path / "out")


@pytest.mark.parametrize("case", ["ratio 0", "no room for two V_GS", "unknown field", "pnp by polarity", "pnp by cell"])
def test_so_is_a_file_with_it(case, tmp_path):
    cell, given, message = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text("\n".join([f"cell: {cell}", *(one.replace("=", ": ") for one in given)]) + "\n")
    for command in COMMANDS:
        refused([command, str(path)], message, tmp_path / "out")


def test_a_bad_mirror_is_refused_before_another_is_measured(tmp_path, monkeypatch):
    from mirrorneuron.flows import datasheet

    monkeypatch.setattr(datasheet, "measure", lambda *_, **__: pytest.fail("it was measured"))
    cells = ["mirror_simple", "mirror_npn"]
    refused(["compare", *cells, "--set", "polarity=p"], NO_PNP, tmp_path / "out")
