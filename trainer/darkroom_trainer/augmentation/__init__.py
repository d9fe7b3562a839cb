"""How training images are varied: policies and the transforms that they name.

Must not know tasks or labels.
"""
