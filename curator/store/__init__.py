"""The store: rows in, frozen records out. The caller owns the transaction."""
