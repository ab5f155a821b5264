"""Review: push a judged run to FiftyOne, look at it there, pull the tags back.

FiftyOne lives in an environment of its own. What it is told and what it answers are files; a
FiftyOne that is shut down, empty or tampered with can at most answer nonsense, which is checked.
"""
