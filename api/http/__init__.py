"""The HTTP API: routers that only translate, and what all of them share."""
