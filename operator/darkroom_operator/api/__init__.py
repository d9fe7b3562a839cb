"""The API server: the one client, the kinds of objects that it serves, and its clock.

Owns every import of the official client but the election's. Must not do: any decision.
"""
