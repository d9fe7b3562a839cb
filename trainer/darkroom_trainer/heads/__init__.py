"""Light heads: small closed models on fixed features of images, found by cross-validation within seconds."""
