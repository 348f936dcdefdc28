"""The rules of sending: events, values, decisions. No I/O, no clock, no settings, no randomness."""
