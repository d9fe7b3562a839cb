"""All reads: the store of what the watches reported, Events, queues, progress, and from them one frozen view.

Must not do: any decision, any write.
"""
