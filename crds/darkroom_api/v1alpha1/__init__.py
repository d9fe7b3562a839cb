"""The three kinds of `darkroom.dev/v1alpha1`: Dataset, Model and Evaluation."""
