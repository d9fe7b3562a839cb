"""Models that are loaded, and what they say about one image.

Owns opening, keeping and running models, and fetching an image by its address. Must not know HTTP routes.
"""
