"""The hall: the only place where steps meet the store.

Every function has one shape: select, compute, write in short transactions. What a killed run
has written stays valid, and running it again does only what is left.
"""
