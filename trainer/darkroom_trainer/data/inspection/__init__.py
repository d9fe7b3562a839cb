"""What a dataset's images and annotations are like: fetched, examined, summed up, advised upon.

Must not learn anything from them.
"""
