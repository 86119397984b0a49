"""Equal unit transistors with a common gate and a common source, in any ratios."""
