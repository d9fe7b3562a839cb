"""One module for each family of routes.

Owns what each route takes and answers. Must not know where resources live.
"""
