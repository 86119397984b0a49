"""The MIM capacitor: limits, plates and the nets of its rails. Its rules are checked in the neurons that hold it."""

from __future__ import annotations

import pytest
from mirrorneuron.generators.primitives.capacitor import draw_mim_capacitor
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.pdk_sky130.devices import MIM
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import nm

from tests.kit import layout, rules


@pytest.mark.parametrize("side", [MIM.side_min_nm, 4510, 6700, MIM.side_max_nm])
def test_plates_and_rails(kit, side):
    sheet = Sheet()
    block = draw_mim_capacitor(sheet, "capacitor", side, top="t", bottom="b")
    found = kit.Extraction(block.cell)
    plate = found.drawn["capm"].bbox()
    assert found.drawn["capm"].count() == 1
    assert (plate.width(), plate.height()) == (side, side)
    bottom = next(p.bbox() for p in found.drawn["met3"].each() if plate.inside(p.bbox()))
    assert plate.enlarged(nm("capm.3"), nm("capm.3")).inside(bottom)
    top, other = (found.net("met2", rail.x1, rail.y) for rail in block.rails)
    assert [rail.net for rail in block.rails] == ["t", "b"]
    # A point of the plate's edge where no via lies.
    x, y = plate.left + 10, plate.bottom + 10
    assert top == found.net("met4", x, y) == found.net("capm", x, y)
    assert other == found.net("met3", x, y)
    assert top != other
    assert 0 not in (top, other)


@pytest.mark.parametrize("side", [0, -5000, MIM.side_min_nm - 10, MIM.side_max_nm + 10, 4505, 4501])
def test_sides_that_cannot_be_drawn(side):
    with pytest.raises(SpecError, match=rf"MIM capacitor of {side} nm: 2000 to 30000 nm in steps of 10 nm"):
        draw_mim_capacitor(Sheet(), "capacitor", side, top="t", bottom="b")


SIDES = (MIM.side_min_nm, *range(2010, 6000, 370), MIM.side_max_nm)
for _side in SIDES:
    rules.add(
        f"capacitor: {_side} nm",
        lambda side=_side: layout.drawn_alone(
            lambda sheet: draw_mim_capacitor(sheet, "capacitor", side, top="t", bottom="b")
        ),
    )


@pytest.mark.parametrize("side", SIDES)
def test_rules(side, design_rules):
    assert not design_rules.violations[f"capacitor: {side} nm"]
