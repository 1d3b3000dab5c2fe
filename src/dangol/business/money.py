"""Money: an integer of minor units and an ISO 4217 currency. Never a float."""

import re
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused

# ISO 4217: the active currencies of countries, and how many digits the minor unit has where it is not two.
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
CURRENCIES = frozenset(_CODES.split())
EXPONENTS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
SYMBOLS = {
    "en": {
        "USD": "$",
        "KRW": "₩",
        "EUR": "€",
        "GBP": "£",
        "JPY": "¥",
        "CNY": "CN¥",
        "INR": "₹",
        "ILS": "₪",
        "VND": "₫",
        "AUD": "A$",
        "CAD": "CA$",
        "NZD": "NZ$",
        "HKD": "HK$",
        "TWD": "NT$",
        "SGD": "S$",
        "MXN": "MX$",
        "BRL": "R$",
        "PHP": "₱",
    },
}
SYMBOLS["ko"] = {**SYMBOLS["en"], "USD": "US$", "JPY": "JP¥"}
MINUS, NO_BREAK = "\u2212", "\u00a0"


class NoAmount(Refused):
    """The text is no amount of this currency."""

    message = _("Write the amount in digits, like 12000 or 11.40.")


def exponent(currency: str) -> int:
    """Digits of the minor unit: 2 for dollars and cents, 0 for won."""
    return EXPONENTS.get(currency, 2)


def money_text(amount: int, currency: str, language: str = "en") -> str:
    """The amount, in minor units, as people of the language write it: "$11.40", "1,200원", "−CHF 5.00"."""
    number = f"{Decimal(abs(amount)).scaleb(-exponent(currency)):,}"
    sign = MINUS if amount < 0 else ""
    if language == "ko" and currency == "KRW":
        return f"{sign}{number}원"
    symbol = SYMBOLS.get(language, SYMBOLS["en"]).get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency}{NO_BREAK}{number}"


def typed_amount(amount: int, currency: str) -> str:
    """The amount, in minor units, as `minor_units` reads it: "11.40" of 1140 cents."""
    return str(Decimal(amount).scaleb(-exponent(currency)))


def minor_units(text: str, currency: str) -> int:
    """The typed amount in minor units: "11.4" dollars are 1140, "1,200원" are 1200.

    Raises `NoAmount` when it is no number or has more digits than the currency.
    """
    plain = re.sub(r"[\s,원₩$€£¥]", "", text).replace(MINUS, "-")
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", plain):
        raise NoAmount
    units = Decimal(plain).scaleb(exponent(currency))
    if units != units.to_integral_value():
        raise NoAmount
    return int(units)
