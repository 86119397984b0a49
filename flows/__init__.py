"""The steps from a spec to a verdict, one module a step, and the command line."""
