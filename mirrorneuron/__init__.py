"""Weights into silicon: matched current mirrors, amplifiers and neurons on SKY130, drawn, verified and simulated."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("mirrorneuron")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0+unknown"
