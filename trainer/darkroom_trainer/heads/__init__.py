"""Frozen-feature classifiers: small models on fixed features of images, chosen by cross-validation within seconds."""
