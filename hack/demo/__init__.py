"""The main job, shown: from manifests to trained and evaluated models on a real cluster.

Owns the story that `make demo` tells. Must not know how the local cluster is built, nor how anything is trained.
"""
