"""The operator: watches the resources of every kind, runs one Job per attempt, writes what it sees into status.

Every trigger leads to the same idempotent `reconcile`: observe -> decide (pure) -> build (pure) -> apply.
Must not do: read Secrets, import torch or an S3 client, put finalizers or annotations on users' objects.
"""
