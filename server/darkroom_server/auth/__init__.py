"""Who calls, and in which namespace.

Owns keys and bearer tokens. Must not know routes.
"""
