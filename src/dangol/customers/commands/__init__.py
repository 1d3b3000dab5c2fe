"""Every change to people and their addresses."""

from dangol.customers.commands.recognition import (
    index_all_customers,
    index_customer,
    normal_address,
    recognise_customers,
    recognise_parties,
)

__all__ = [
    "index_all_customers",
    "index_customer",
    "normal_address",
    "recognise_customers",
    "recognise_parties",
]
