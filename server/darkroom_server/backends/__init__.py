"""Where resources live: the API server of a cluster, or a folder of one machine.

Owns one narrow interface, backend.Backend, and what stands behind it. Must not know HTTP requests.
"""
