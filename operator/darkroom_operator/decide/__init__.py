"""What to do, decided by pure functions: Observed -> Decision.

Must not do: any I/O, look at the clock (it is in Observed), build manifests.
"""
