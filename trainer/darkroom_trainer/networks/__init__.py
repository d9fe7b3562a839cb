"""Networks: backbones, heads for boxes, and how crops are named.

Must not hold losses or decode outputs.
"""
