"""COCO annotation files: read, checked, and merged into one catalog of images.

Must not read images.
"""
