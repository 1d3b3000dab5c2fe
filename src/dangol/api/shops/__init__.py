"""Shops that report their orders by themselves: Shopify and WooCommerce."""
