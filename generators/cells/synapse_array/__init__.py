"""The weights of a layer of neurons: a row of matched units for each input, a bus for each column."""
