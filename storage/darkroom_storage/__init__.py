"""Object storage: buckets, local folders and https addresses through one set of calls.

Owns clients, credentials, patience and what each failure means; `objects` is the way in. Must not know what is stored.
"""
