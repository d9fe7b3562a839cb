"""Sample datasets from real handwritten digits, for trying Darkroom without data of one's own. Needs no torch."""
