"""Pretrained weights: which networks are worth having them, where they come from, whether they are the right ones."""
