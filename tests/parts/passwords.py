"""Passwords as the desk keeps them, without the time and the memory that they are meant to cost whoever guesses."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """For tests in whose process hundreds sign in; a desk that runs beside them has the real one."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
