"""Manifests, built by pure functions from specs and the configuration.

Must not do: any I/O, look at Jobs or pods.
"""
