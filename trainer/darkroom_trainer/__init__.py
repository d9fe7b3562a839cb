"""The trainer: reads a Dataset, trains and measures models within a budget, and writes them to the user's bucket.

Owns everything that happens inside a run's pod. Must not know Kubernetes: it reads one RunConfig, mounted credentials
and object storage, and answers with Progress and an Outcome.

A pod's run goes from `commands.process` through `commands.engine` to an inspection, a training or an evaluation. Its
floors, each of which imports only those below it (checked by import-linter):

    command, local      the `darkroom` command, and runs without a cluster
    commands            one run, from configuration to outcome
    training            set up, search, fit, publish
    prediction, report  finished models opened with torch; what a report says
    parallel            several devices of one pod
    checkpoints         what a training resumes from
    export              the files that a run leaves
    heads, search       classifiers on frozen features; recipes by successive halving
    loop                recipe, batches, steps, inference
    weights, budget     pretrained weights; the meter, and the work that remains before the end of a run
    tasks, networks     losses and decoding; modules
    augmentation, features, samples
    metrics, data       scores; datasets
    storage, runtime    buckets; the process
"""
