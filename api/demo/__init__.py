"""sendtrail demo: the whole system on this machine, and a small story told on it."""
