"""REST resources and the Kubernetes resources that they stand for.

Owns names and both translations, as pure functions; `lookup` alone reads. Must not write anything.
"""
