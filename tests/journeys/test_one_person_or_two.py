"""A customer is made somebody's own: what is known of them, two that are one, and two again."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.cast import JAMES, SORA


def test_a_profile_is_changed_and_two_customers_become_one_and_two_again(
    shop: Shop, open_page: OpenPage
) -> None:
    shop.hear_from(SORA, "Cold burger", "It was cold.")
    shop.hear_from("KIM Sora <sora@work.example>", "Lunch for twelve", "On Friday?")
    shop.hear_from(JAMES, "Somebody else", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto("/customers/")
    page.get_by_role("link", name="Sora Kim").click()
    page.get_by_role("main").get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Month of birth").select_option("February")
    page.get_by_label("Day of birth").fill("30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nobody is born on that day.")).to_be_visible()
    page.get_by_label("Day of birth").fill("29")
    page.get_by_label("Honorific").fill("Dr.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("birthday 29 February")).to_be_visible()
    expect(page.get_by_text("Dr. Sora Kim")).to_be_visible()
    check_accessibility(page)

    page.get_by_role("link", name="Might be the same as KIM Sora").click()
    expect(page.get_by_role("heading", name="One person or two?")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Make them one").click()
    expect(page.get_by_role("heading", name="Two customers became one")).to_be_visible()
    page.get_by_role("link", name="Open the customer").click()
    expect(page.get_by_role("heading", name="2 conversations")).to_be_visible()
    expect(page.get_by_text("sora@work.example", exact=True)).to_be_visible()

    page.get_by_role("listitem").filter(has_text="Two customers became one").get_by_role("link").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="KIM Sora")).to_be_visible()
    expect(page.get_by_role("heading", name="1 conversation")).to_be_visible()
