"""All writes: Jobs first, then one status, then Events.

Must not decide what is written.
"""
