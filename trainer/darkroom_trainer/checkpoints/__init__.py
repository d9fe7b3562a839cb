"""What a training leaves in its bucket to continue from: checkpoints, the claims that fence them, and its receipt.

Owns their keys, their order and when the next one is due. Must not train.
"""
