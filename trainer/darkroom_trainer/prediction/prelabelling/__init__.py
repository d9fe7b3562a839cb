"""Images without labels answered by a finished model, as labels for a person to review.

Owns what is answered and what of it is written. Must not import torch: the model is given.
"""
