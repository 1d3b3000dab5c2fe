"""Dangol: the desk that a small business runs to win and keep regulars."""

__version__ = "0.1.0"
