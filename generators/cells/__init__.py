"""The cells: a module or a package for each, found by `mirrorneuron.generators.catalog`."""
