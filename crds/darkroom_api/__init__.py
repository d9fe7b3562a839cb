"""The contract between users, operator and trainer.

Owns every word that crosses a boundary: the kinds, the run configuration, the reports, names and reasons.
Must not do: any I/O, anything specific to Kubernetes clients or to torch.
Imports pydantic and the standard library only.
"""
