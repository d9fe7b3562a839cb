"""Scores of boxes, as COCO defines them.

Must not know how the boxes came about.
"""
