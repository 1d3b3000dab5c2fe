"""What goes wrong with the machine rather than with what was to be done. It goes better later, with the same again."""

import errno
from typing import Final

from django.db import InterfaceError, OperationalError

# Away, locked for too long, or full. Django's InterfaceError is a connection that is not there any more.
DATABASE_AWAY: Final = (OperationalError, InterfaceError)

# No room, a folder that may not be written or is not there just now, no handles, memory or processes left.
_WANTS: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ESTALE,
    }
)


def is_want(failure: OSError) -> bool:
    """Whether it failed for want of something here, and says nothing about the thing that was to be done."""
    return failure.errno in _WANTS
