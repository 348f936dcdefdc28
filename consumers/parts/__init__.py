"""A large backlog is projected in parts, each by a process of its own."""
