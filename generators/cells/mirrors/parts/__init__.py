"""What the mirrors share: their spec's fields, polarity, sizes of arrays, and how blocks are put together."""
