"""The classifiers on frozen features, one fit each.

Must not choose among them.
"""
