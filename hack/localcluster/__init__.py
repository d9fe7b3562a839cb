"""A real single-node Kubernetes for the demo and the cluster tests, built from Go modules and Debian packages.

Standard library only: it runs with the system's Python before any environment exists. It is a tool of the tests and the
demo, never a part of the product, and must not import from it.
"""
