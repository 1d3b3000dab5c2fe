"""What every test may ask for: the real parts in tests/parts, each skipped with "needs …" where it is absent."""

pytest_plugins = [
    "pytester",
    "tests.parts.selection",
    "tests.parts.postgres",
    "tests.parts.mailserver",
    "tests.parts.browser",
    "tests.parts.desk",
    "tests.parts.cast",
]
