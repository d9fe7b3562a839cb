"""Names of files: how they may be spelled, and which are refused.

Must not read files.
"""
