"""The deck run as from KLayout's menu: on the layout that is open, into the marker browser."""

from __future__ import annotations

from pathlib import Path

from mirrorneuron.flows import tools
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.pdk_sky130.rules import RULES

SCRIPT = """
RBA::MainWindow.instance.load_layout("{gds}", 1)
RBA::Macro::new("{deck}").run
markers = RBA::LayoutView.current.rdb(0)
puts "rules #{{markers.each_category.map {{ |one| one.name.split(":").first }}.uniq.size}}"
markers.each_item {{ |one| puts "found #{{markers.category_by_id(one.category_id).name}}" }}
$stdout.flush
"""


def test_on_the_open_layout(drawing: type, tmp_path: Path) -> None:
    drawn = drawing()
    drawn.stack(0, 0)
    drawn.stack(1.135, 0)
    script = tmp_path / "menu.rb"
    script.write_text(SCRIPT.format(gds=drawn.write(tmp_path / "open.gds"), deck=drc_ours.DECK))
    # No screen here: the window is there, but nobody sees it.
    env = {"QT_QPA_PLATFORM": "offscreen", "KLAYOUT_HOME": str(tmp_path / "home")}
    done = tools.run("klayout", ("-z", "-r", script), cwd=tmp_path, log=tmp_path / "log", timeout_s=120, env=env)
    assert f"rules {sum(rule.kind == 'rule' for rule in RULES.values())}\n" in done.stdout
    assert {line for line in done.stdout.splitlines() if line.startswith("found")} == {"found m1.2", "found m2.2"}
