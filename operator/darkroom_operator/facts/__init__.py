"""What was seen of a run, as frozen values: Jobs and pods reduced to a few fields, findings, and one view a kind.

Must not do: any I/O, any decision.
"""
