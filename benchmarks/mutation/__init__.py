"""Faults planted in our cells, to see whether the sign-off catches them: kinds, judges, evidence, campaign."""
