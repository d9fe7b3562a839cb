"""A finished model's answers about pictures: made ready from its folder, and shown by `darkroom predict`.

Must not measure, or know budgets.
"""
