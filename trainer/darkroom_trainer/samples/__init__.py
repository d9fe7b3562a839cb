"""Sample datasets from real digits, photographs and drawings, to try Darkroom without own data. Needs no torch."""
