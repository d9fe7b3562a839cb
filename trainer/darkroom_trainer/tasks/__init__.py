"""What is learned: each task is a model, its loss, its decoding and its scores."""
