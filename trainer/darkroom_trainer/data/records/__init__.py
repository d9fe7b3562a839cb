"""A dataset in memory: its images, its labels, and what was found wrong with them.

Must not do: any I/O.
"""
