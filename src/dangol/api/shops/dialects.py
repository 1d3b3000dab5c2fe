"""What differs between the shops' systems: headers, signatures, tests, the words of a report."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dangol.api.models import Shop
from dangol.api.shops import shopify, woocommerce
from dangol.api.shops.reported import Reported


@dataclass(frozen=True)
class Dialect:
    """How a system reports. The headers are documented; each signs the raw body with HMAC-SHA256, in base64."""

    signature: str
    topic: str
    delivery: str
    read: Callable[..., Reported]

    def is_signed(self, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether who sent it knows the secret; takes as long for a wrong signature as for a right one."""
        wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        return hmac.compare_digest(wanted, headers.get(self.signature, "").encode("utf-8", "replace"))


DIALECTS: Final[Mapping[str, Dialect]] = {
    Shop.Kind.SHOPIFY: Dialect(
        "X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id", shopify.read_report
    ),
    Shop.Kind.WOOCOMMERCE: Dialect(
        "X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID", woocommerce.read_report
    ),
}
SHOPIFYS_TEST: Final = "X-Shopify-Test"
WOOCOMMERCES_TEST: Final = b"webhook_id="
"""What WooCommerce sends, unsigned, when a webhook is saved; it wants 200, or does not begin."""
