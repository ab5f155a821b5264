"""Who runs what, when, and is it alive: long work in processes of its own."""
