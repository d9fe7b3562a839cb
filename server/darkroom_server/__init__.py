"""Answers over HTTP: finished models by name, and the retired service's REST calls for resources.

Owns requests, answers and the models that are loaded. Where resources live is behind `backends`. Must not train, and
must not import torch, the trainer or the operator.
"""
