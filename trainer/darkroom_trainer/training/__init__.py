"""What a training does, in order: set up, search, fit, publish.

Must not know how a step is computed.
"""
