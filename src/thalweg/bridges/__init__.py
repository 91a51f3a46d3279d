"""Bridges to the frameworks that networks are trained in: run there, record there, slice there.

A framework is imported only when something of it is asked for. Each has a room of its own, with the same files.
"""
