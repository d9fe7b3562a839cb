"""What a finished run leaves in the bucket: the model's folder, metrics, predictions and a picture."""
