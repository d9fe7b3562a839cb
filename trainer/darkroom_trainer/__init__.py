"""The trainer: reads a Dataset, trains and measures models within a budget, and writes them to the user's bucket.

Owns everything that happens inside a run's pod. Must not know Kubernetes: it reads one RunConfig, mounted credentials
and object storage, and answers with Progress and an Outcome.
"""
