"""A server as a process: what is put together, and the order of start and end.

Owns that order. Must not read flags.
"""
