"""The page: screens for people over the same resources, admission and predictions as the routes for programs.

Owns what a browser is sent. Must not decide who may do what, or know where resources live.
"""
