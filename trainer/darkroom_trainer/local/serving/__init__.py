"""What `darkroom serve --local` was asked for, done by the engine of `darkroom run` in a process beside the server.

Owns the queue that survives a restart, further attempts and their end. Must not do: speak HTTP.
"""
