"""Frozen features of images and of boxes in them.

Nothing here is learned. Must not know labels.
"""
