"""What a pod runs: one inspection, training or evaluation, from its configuration to its outcome.

Owns the order of a run's phases. Must not know the cluster.
"""
