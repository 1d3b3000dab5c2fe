"""An installation as one file, and back: backup, restore, and what keeps an upgrade safe."""
