"""What an entry amounts to. Booked money and estimated money are two types that do not add up by accident."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """What it may have cost, in minor units of the business's own currency: at least, about, and at most.

    Estimates add up bound by bound. That is the widest range there can be, for it lets all of them err the same way.
    """

    low: int
    middle: int
    high: int

    def __add__(self, other: "Estimate") -> "Estimate":
        if not isinstance(other, Estimate):
            return NotImplemented
        return Estimate(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def __neg__(self) -> "Estimate":
        # Bound by bound, so that an estimate and what takes it back are nothing together.
        return Estimate(-self.low, -self.middle, -self.high)


@dataclass(frozen=True)
class Sum:
    """What entries add up to: the money that was booked, and beside it, never in it, what is estimated (None: nothing).

    There is no way to make one number of it but to take one of the two.
    """

    booked: int = 0
    estimate: Estimate | None = None
    count: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        if not isinstance(other, Sum):
            return NotImplemented
        estimates = [each for each in (self.estimate, other.estimate) if each]
        together = estimates[0] + estimates[1] if len(estimates) > 1 else next(iter(estimates), None)
        return Sum(self.booked + other.booked, together, self.count + other.count)

    @property
    def is_nothing(self) -> bool:
        """Whether all of it is zero, as after everything was taken back."""
        return not self.booked and self.estimate in (None, Estimate(0, 0, 0))
