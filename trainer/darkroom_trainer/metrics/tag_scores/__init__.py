"""Scores of tags of whole images.

Must not know how the tags came about.
"""
