"""Compute time: the meter, what is still owed before the end of a run, and what steps cost.

Must not train, and must not read a clock but through the meter.
"""
