"""From a model's raw outputs to predictions, in numpy: the one implementation for training and for prediction.

Must not import torch, directly or through others: `darkroom predict` runs where there is none.
"""
