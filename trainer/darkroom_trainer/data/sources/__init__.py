"""Where a dataset's files lie: annotation files read, folders listed, and what is there where one is missing.

Must not read an image.
"""
