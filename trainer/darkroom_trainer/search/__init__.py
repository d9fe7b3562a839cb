"""Which recipe to train: backbone, image size and batch for the budget, the hardware and the data."""
