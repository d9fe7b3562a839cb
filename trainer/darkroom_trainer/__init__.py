"""The trainer: reads a Dataset, trains and measures models within a budget, and writes them to the user's bucket.

Owns everything that happens inside a run's pod. Must not know Kubernetes: it reads one RunConfig, mounted credentials
and object storage, and answers with Progress and an Outcome.

A pod's run goes from `process` through `engine` to `inspection`, `training` or `evaluation`. `data`, `tasks`, `search`,
`metrics` and `parallel` hold what these work with, `storage` reaches buckets, `checkpoints` keeps what a training goes
on from, `export` writes what it leaves. `local` is `darkroom run`, `prediction` is `darkroom predict`.
"""
