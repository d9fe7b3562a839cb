"""What a training does, in order: set up, fit heads on frozen features, search recipes, refit, publish.

Must not know how a step is computed.
"""
