"""Stores: labelled arrays on disk that are written as they are made and are known as unfinished until they are."""
