"""Everything that touches the world: event store, PostgreSQL, webhook log, providers, documents, keys, settings."""
