"""What Moon Burger sells and for how much, in won. The names are those of the voices, in the same order. Pure."""

from typing import Final, NamedTuple

from dangol.showcase.voices import VOICES

PRICES: Final = {
    "dish": (12_500, 15_900, 13_500, 12_900, 13_900, 14_500),
    "side": (4500, 4000, 5500, 5000),
    "drink": (2500, 3500, 3500, 3000),
}
DELIVERY: Final = 3000
_INGREDIENTS: Final = 40  # of 100 won that something sells for: what it costs to make it again


class Item(NamedTuple):
    """One thing on the menu."""

    sku: str
    name: str
    price: int

    @property
    def cost(self) -> int:
        """What the kitchen pays for it."""
        return self.price * _INGREDIENTS // 100


def items_of(course: str, language: str) -> tuple[Item, ...]:
    """All dishes, sides or drinks."""
    names = VOICES[language].gaps[course]
    return tuple(
        Item(f"{course}-{number}", name, price)
        for number, (name, price) in enumerate(zip(names, PRICES[course], strict=True), start=1)
    )


def item_called(course: str, name: str, *, called_in: str, language: str) -> Item:
    """What somebody who writes in one language means, as the shop calls it in its own."""
    return items_of(course, language)[list(VOICES[called_in].gaps[course]).index(name)]
