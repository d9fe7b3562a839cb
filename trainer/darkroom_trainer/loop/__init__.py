"""The training loop: recipe, batches, steps, inference.

Must not decide what is trained, or for how long.
"""
