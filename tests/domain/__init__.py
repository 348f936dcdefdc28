"""Rules and values: no database, no network, no clock."""
