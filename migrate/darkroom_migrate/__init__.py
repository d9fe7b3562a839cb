"""Projects of another service, copied into a folder or a bucket as a Dataset and a Model of Darkroom.

`command` is the way in. Must not train, inspect or predict.
"""
