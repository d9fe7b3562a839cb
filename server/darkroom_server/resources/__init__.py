"""REST resources and the Kubernetes resources that they stand for.

Owns names and both translations, as pure functions. Must not read or write anything.
"""
