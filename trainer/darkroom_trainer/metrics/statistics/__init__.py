"""Curves, counts, intervals and calibration, which scores of tags and of boxes share.

Must not know tasks.
"""
