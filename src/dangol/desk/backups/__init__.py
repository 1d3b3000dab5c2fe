"""Backups by themselves: when one is due, which are kept, the loop that makes them, and their page under Settings."""
