"""Compute time: the meter, the ledger of what a run still has to do before its end, and its machine's slowdown.

Must not train, and must not read a clock but through the meter.
"""
