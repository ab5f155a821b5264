"""One file a version, named by it."""
