"""Decoded images of a dataset's revision, kept in a bucket for the runs that come.

Owns their form, their room and their end. Nothing in it is code, and nothing is used whose digest differs.
"""
