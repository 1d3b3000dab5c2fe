"""What Shopify and WooCommerce send, in payloads of their documented form, and what it is answered."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from typing import Any

from django.test import Client

from dangol.api.shops.commands import Connected
from dangol.api.shops.taking_in import take_in_reports
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.kernel import clock

MONEY = {
    "shop_money": {"amount": "3.00", "currency_code": "USD"},
    "presentment_money": {"amount": "4200", "currency_code": "KRW"},
}
SHOPIFY_REFUND = {
    "id": 509562969,
    "order_id": 450789469,
    "created_at": "2026-11-17T09:00:00-05:00",
    "processed_at": "2026-11-17T09:00:00-05:00",
    "note": "cold",
    "refund_line_items": [
        {
            "id": 104689539,
            "quantity": 1,
            "line_item": {
                "id": 703073504,
                "sku": "B1",
                "name": "Moon burger",
                "price": "12.40",
                "quantity": 2,
            },
            "subtotal": 12.40,
            "subtotal_set": {
                "shop_money": {"amount": "12.40", "currency_code": "USD"},
                "presentment_money": {"amount": "17360", "currency_code": "KRW"},
            },
            "total_tax_set": {"shop_money": {"amount": "0.00", "currency_code": "USD"}},
        }
    ],
    "transactions": [
        {"id": 179259969, "kind": "refund", "status": "success", "amount": "12.40", "currency": "USD"}
    ],
    "order_adjustments": [],
}
SHOPIFY_ORDER = {
    "id": 450789469,
    "name": "#1001",
    "order_number": 1001,
    "email": "sora@example.com",
    "created_at": "2026-11-16T09:00:00-05:00",
    "processed_at": "2026-11-16T09:00:00-05:00",
    "updated_at": "2026-11-16T09:00:01-05:00",
    "cancelled_at": None,
    "currency": "USD",
    "presentment_currency": "KRW",
    "total_price": "27.80",
    "total_tax": "0.00",
    "total_discounts": "0.00",
    "total_shipping_price_set": MONEY,
    "test": False,
    "fulfillment_status": None,
    "fulfillments": [],
    "refunds": [],
    "customer": {"id": 207119551, "first_name": "Sora", "last_name": "Kim", "email": "sora@example.com"},
    "billing_address": {"first_name": "Sora", "last_name": "Kim", "country_code": "KR", "phone": None},
    "line_items": [
        {
            "id": 703073504,
            "sku": "B1",
            "name": "Moon burger",
            "quantity": 2,
            "price": "12.40",
            "discount_allocations": [],
        }
    ],
}
WOO_ORDER = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "KRW",
    "date_created_gmt": "2026-11-16T03:00:00",
    "date_modified_gmt": "2026-11-16T03:00:05",
    "date_completed_gmt": None,
    "discount_total": "0",
    "shipping_total": "3000",
    "total": "27000",
    "total_tax": "0",
    "customer_id": 26,
    "billing": {"first_name": "지훈", "last_name": "박", "email": "jihoon@example.kr", "phone": "", "country": "KR"},
    "line_items": [
        {"id": 315, "name": "Moon burger", "sku": "B1", "quantity": 2, "price": 12000.000000000002, "total": "24000"}
    ],
    "refunds": [],
}  # fmt: skip


def changed(thing: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The same with other values."""
    return {**copy.deepcopy(thing), **values}


def report(
    to: Connected, topic: str, thing: Any, *, delivery: str = "", secret: str = "", more: Any = None
) -> int:
    """What the shop's system sends, and what it is answered."""
    body = json.dumps(thing).encode()
    signed = base64.b64encode(
        hmac.new((secret or to.secret).encode(), body, hashlib.sha256).digest()
    ).decode()
    names = {
        "shopify": ("X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id"),
        "woocommerce": ("X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID"),
    }[to.shop.kind]
    headers = {**dict(zip(names, (signed, topic, delivery or topic), strict=True)), **(more or {})}
    client = Client(enforce_csrf_checks=True)
    url = f"/hooks/{to.shop.token}/"
    return client.post(url, body, content_type="application/json", headers=headers).status_code


def work() -> None:
    """Take in all that was reported, and book the refunds."""
    while take_in_reports(at=clock.now()):
        pass
    for _changes in book_all_refunds(at=clock.now()):  # as the reaction does, refund by refund
        pass
