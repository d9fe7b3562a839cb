"""What requests and answers have in common, whatever their route.

Owns reading bodies, the error envelope, headers, paging and limits. Must not know resources or models.
"""
