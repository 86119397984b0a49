"""``python -m mirrorneuron.pdk_sky130.install``: assemble the PDK and check every file."""

from mirrorneuron.pdk_sky130.install.find import main

main()
