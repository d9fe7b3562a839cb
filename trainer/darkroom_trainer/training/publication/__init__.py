"""What a finished training hands over: the model's files, what explains them, and the outcome.

Must not train.
"""
