"""All reads: the store of what the watches told, Events, queues, progress, and from them one frozen view.

Must not do: any decision, any write.
"""
