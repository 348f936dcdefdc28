"""Providers: one module or package each behind the port, found through the registry."""
