"""Which replica leads: the election by a Lease, and the fence that keeps a replica that lost it from writing.

Must not know what leading means.
"""
