"""The former place of `mirrorneuron.flows.compute.dask`."""

from mirrorneuron.flows.compute.dask import workers_report

__all__ = ["workers_report"]
