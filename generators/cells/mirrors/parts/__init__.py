"""What the mirrors share: fields, sizes and checks, hand formulas, and the blocks that they are composed of."""
