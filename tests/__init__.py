"""The suite mirrors the tree; e2e, chaos and bench drive the whole system."""
