"""A photo of a shelf beside its plan: which detection stands at which position, and photos made ready for it.

Must not import torch, a model runtime or a web framework; OpenCV only where photos are joined.
"""
