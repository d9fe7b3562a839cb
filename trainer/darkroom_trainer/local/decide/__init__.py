"""What to do with one resource of a run on this machine: it is looked up, checked and planned.

Must not do: run or write anything.
"""
