"""The event store: how events become rows and aggregates, and how they are read in order without missing one."""
