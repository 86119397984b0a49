"""From a spec to a circuit and, separately, to a layout."""
