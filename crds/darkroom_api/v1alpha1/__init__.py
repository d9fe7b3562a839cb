"""The four kinds of `darkroom.dev/v1alpha1`: Dataset, Model, Evaluation and Prediction."""
