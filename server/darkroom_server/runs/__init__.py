"""Product-recognition runs: what is kept of them, where, for how long, and who works on them.

A run is one prediction that a caller comes back for. Must not know HTTP routes.
"""
