"""What the owner and the manager decide: a gift above a limit, a file of customers, somebody who is to be forgotten."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.shop import Shop, until
from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.cast import JAMES, SORA

PEOPLE = b"Name,E-mail,Phone\nMina Seo,mina@example.com,010-2222-3333\nNo One,not an address,\n"


def test_an_agent_asks_with_one_key_and_a_manager_says_yes_in_the_inbox_and_by_the_mails_link(
    shop: Shop, open_page: OpenPage
) -> None:
    talk = shop.hear_from(SORA, "Cold burger", "The burger was cold.")
    shop.do("have_order", subject="Cold burger", number="2041")
    hana = shop.page_of("Hana", open_page)
    hana.goto(f"/inbox/{talk}/")
    beside = hana.get_by_role("complementary", name="Customer")
    expect(beside).to_contain_text("Make Moon burger of order 2041 again ₩12,500")
    check_accessibility(hana)
    hana.get_by_role("textbox", name="Your words").fill("Hi Sora, a fresh one is on its way.")
    hana.get_by_role("button", name="Ask for it").focus()
    hana.keyboard.press("Enter")
    expect(hana.get_by_role("button", name="Undo: Moon burger · ₩12,500")).to_be_focused()
    expect(hana.get_by_text("Hana asks to give: Moon burger · ₩12,500")).to_be_visible()
    expect(hana.get_by_role("textbox", name="Your words")).to_have_value(re.compile("fresh one"))

    dongsuk = shop.page_of("Dongsuk", open_page)
    dongsuk.goto(f"/inbox/{talk}/")
    dongsuk.get_by_role("button", name="Yes, give it").click()
    expect(dongsuk.get_by_role("complementary", name="Customer")).to_contain_text(
        "given · Cold or poor quality"
    )
    expect(beside).to_contain_text("given · Cold or poor quality")  # her page hears of it

    shop.do("ask_to_give", name="Hana", subject="Cold burger", amount=30_000)
    mail = shop.do("mails_that_ask")["dongsuk@moonburger.test"]
    link = re.search(r"http\S+/wishes/\d+/", mail)
    assert link, mail
    dongsuk.goto(link[0])
    expect(dongsuk.get_by_role("heading", name="A new burger · ₩30,000")).to_be_visible()
    assert shop.do("states_of_wishes") == ["given", "asked"], "looking decides nothing"
    check_accessibility(dongsuk)
    dongsuk.get_by_role("button", name="Yes, give it").click()
    expect(dongsuk.get_by_text("Given. The cost is in the ledger.")).to_be_visible()
    assert shop.do("states_of_wishes") == ["given", "given"]


def test_a_file_of_customers_comes_in_and_its_bad_row_goes_out_again_with_the_reason(
    shop: Shop, open_page: OpenPage
) -> None:
    page = shop.page_of("Minji", open_page)
    page.goto("/customers/import/")
    page.get_by_label("File").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE}
    )
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("listitem").filter(has_text="Mina Seo")).to_contain_text("mina@example.com")
    expect(page.get_by_text("1 × This is no e-mail address.")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    shop.do("read_imports")
    expect(page.get_by_role("heading", name="Rows that were not taken")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download these rows").click()
    refused = Path(downloading.value.path()).read_text("utf-8-sig")
    assert "No One,not an address" in refused
    assert "This is no e-mail address." in refused
    page.get_by_role("link", name="To all customers").click()
    expect(page.get_by_role("link", name="Mina Seo")).to_be_visible()
    expect(page.get_by_text("No One")).to_have_count(0)


def test_who_wants_to_be_forgotten_is_erased_once_the_name_is_typed(shop: Shop, open_page: OpenPage) -> None:
    talk = shop.hear_from(JAMES, "Forget me", "Please forget the tasting.")
    page = shop.page_of("Minji", open_page)
    page.goto(f"/customers/{shop.talk('Forget me')['customer']}/")
    page.get_by_role("link", name="Export or erase").click()
    name = page.get_by_label("Type the name to confirm")
    name.fill("Sora Kim")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.locator("[aria-invalid=true]")).to_have_value("Sora Kim")
    name.fill("James Lee")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("Being erased")).to_be_visible()
    until(lambda: shop.do("erase_further"))
    expect(page.get_by_text("Nothing of this person is left on the desk.")).to_be_visible()
    page.goto(f"/inbox/{talk}/")
    expect(page.get_by_role("log")).to_be_visible()
    for word in ("James", "tasting", "Forget me"):
        expect(page.get_by_text(word)).to_have_count(0)
