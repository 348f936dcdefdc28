"""Builds read models anew beside the live ones, in several processes, and exchanges them while everything runs."""
