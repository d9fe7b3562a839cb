"""`darkroom run`: the same manifests on this machine, without a cluster.

Owns what an operator and an API server do on a cluster: reading manifests, planning, statuses, and what a person sees.
Must not do: the work of a run, which is the engine's; or import torch before there is work.
"""
