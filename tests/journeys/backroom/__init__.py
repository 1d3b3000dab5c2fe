"""What happens in the shop while browsers look on: `python -m tests.journeys.backroom`, beside a running desk.

One process on the desk's own database, because the tests' own Django belongs to another one and starting Python for
each thing that happens would take longer than the journeys. It reads `{"do": …, "given": {…}}`, a line each, does the
function of that name, and answers `{"answer": …}` or `{"error": …}`.
"""
