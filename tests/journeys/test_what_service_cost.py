"""The owner reads what service cost, clicks a figure, and sees the entries that make exactly that sum."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.cast import SORA


def test_the_owner_clicks_a_figure_and_its_entries_have_that_sum(shop: Shop, open_page: OpenPage) -> None:
    shop.hear_from(SORA, "Cold burger", "It was cold.")
    shop.do("have_costs", name="Hana", subject="Cold burger")
    page = shop.page_of("Minji", open_page)
    page.goto("/")
    page.get_by_role("link", name="Worth", exact=True).click()
    expect(page.locator(".lede")).to_contain_text("Poor service cost ₩1,749.")
    check_accessibility(page)

    row = page.get_by_role("row", name="made again").first
    figure = row.get_by_role("link").first
    said = figure.inner_text()
    figure.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("made again")
    expect(page.locator("[data-sum=booked]")).to_have_text(said)
    check_accessibility(page)

    page.get_by_role("link", name="made again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("made again, ₩1,250")
    page.get_by_role("link", name="#").click()
    expect(page.get_by_text("It was cold.").first).to_be_visible()
