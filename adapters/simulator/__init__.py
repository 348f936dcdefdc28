"""The provider simulator: the other side of the wire, written from each provider's protocol.

It shares nothing with `adapters.providers`, so that a misreading there cannot hide here. A provider is one module
with a class that fills `side.Side`, and one line in `registry.py`.
"""
