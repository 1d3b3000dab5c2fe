"""Two people at one inbox: each sees what the other does, nobody answers twice, and a lost line loses nothing."""

from __future__ import annotations

import signal
import statistics

from playwright.sync_api import Locator, Page, expect

from tests.journeys.shop import Shop, until
from tests.journeys.watching import milliseconds_until_painted, watch_for
from tests.parts.browser import OpenPage, bring_axe, violations
from tests.parts.cast import JAMES, JIHOON, SORA, mail


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def talk_of(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def open_both(shop: Shop, open_page: OpenPage, conversation: int) -> tuple[Page, Page]:
    """Hana and Tom with the same conversation open, both following it."""
    hana, tom = shop.page_of("Hana", open_page), shop.page_of("Tom", open_page)
    for page in (hana, tom):
        page.goto(f"/inbox/{conversation}/")
        expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    return hana, tom


def test_what_a_colleague_sends_is_on_the_other_page_within_a_second(shop: Shop, open_page: OpenPage) -> None:
    """From the event to what is painted, in the browser. The middle of several, because the machine is busy."""
    conversation = shop.hear_from(SORA, "Five questions", "I have five questions.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    answers = [f"Answer number {number}." for number in range(5)]
    watch_for(page, answers)
    for text in answers:
        shop.do("answer", name="Tom", subject="Five questions", text=text)
        expect(talk_of(page)).to_contain_text(text)

    queued = shop.do("moments_of", names=["ReplyQueued"], after=0)
    delays = milliseconds_until_painted(page, answers, queued)
    assert statistics.median(delays) <= 1000, f"milliseconds from the event to the picture: {delays}"


def test_each_sees_that_the_other_writes(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(JAMES, "Table for eight", "A table for eight, please.")
    hana, tom = open_both(shop, open_page, conversation)
    composer(hana).press_sequentially("Dear James, ")
    expect(hana.get_by_text("Draft saved")).to_be_visible()
    composer(tom).press_sequentially("Hello James, ")

    expect(hana.get_by_text("Tom is writing an answer here too.")).to_be_visible()
    expect(tom.get_by_text("Hana is writing an answer here too.")).to_be_visible()
    # It says so beside the text, which stays as it is and goes on.
    composer(hana).press_sequentially("gladly.")
    expect(composer(hana)).to_have_value("Dear James, gladly.")
    expect(composer(hana)).to_be_focused()

    tom.reload()
    tom.get_by_role("button", name="Discard the draft").click()
    expect(hana.get_by_text("Tom is writing an answer here too.")).to_have_count(0)


def test_an_answer_to_what_was_is_refused_and_can_be_sent_when_the_new_was_read(
    shop: Shop, open_page: OpenPage
) -> None:
    conversation = shop.hear_from(SORA, "Two answers", "Who answers first?")
    hana, tom = open_both(shop, open_page, conversation)
    composer(hana).fill("Me, says Hana.")
    composer(tom).fill("Me, says Tom.")
    for page in (hana, tom):
        expect(page.get_by_text("Draft saved")).to_be_visible()

    send(tom)
    expect(talk_of(hana)).to_contain_text("Me, says Tom.")
    expect(hana.get_by_text("Something new came since you began to write")).to_be_visible()
    expect(composer(hana)).to_have_value("Me, says Hana.")

    send(hana)
    expect(hana.get_by_role("alert").filter(has_text="Something new came in")).to_be_visible()
    expect(composer(hana)).to_have_value("Me, says Hana.")
    assert shop.texts("Two answers")[1:] == ["Me, says Tom."]

    send(hana)
    expect(talk_of(hana)).to_contain_text("Me, says Hana.")
    expect(talk_of(tom)).to_contain_text("Me, says Hana.")
    assert shop.texts("Two answers")[1:] == ["Me, says Tom.", "Me, says Hana."]


def test_what_the_customer_adds_meanwhile_is_read_before_the_answer_leaves(
    shop: Shop, open_page: OpenPage
) -> None:
    conversation = shop.hear_from(SORA, "And one more thing", "First thing.", message_id="first@example.com")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).fill("Here is your first thing.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    shop.receive(
        mail(
            SORA,
            "Re: And one more thing",
            "Second thing.",
            message_id="second@example.com",
            headers={"In-Reply-To": "<first@example.com>"},
        )
    )
    expect(talk_of(page)).to_contain_text("Second thing.")
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_role("button", name="I have read it")).to_have_count(0)
    expect(composer(page)).to_have_value("Here is your first thing.")
    send(page)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert shop.texts("And one more thing")[-1] == "Here is your first thing."


def test_what_one_does_with_a_conversation_the_other_sees(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(JIHOON, "포인트 문의", "포인트가 몇 점인가요?")
    hana, tom = open_both(shop, open_page, conversation)
    in_list = tom.get_by_role("region", name="Conversations").get_by_role("link", name="포인트 문의")
    expect(in_list).to_be_visible()

    hana.locator("summary", has_text="Assign").click()
    hana.get_by_role("button", name="Tom").click()
    expect(tom.locator("summary", has_text="Assigned to")).to_contain_text("Tom")
    expect(in_list).to_contain_text("yours")
    assert shop.talk("포인트 문의")["assignee"] == "Tom"

    hana.get_by_role("radio", name="Note").check(force=True)
    composer(hana).fill("He is a gold customer.")
    hana.get_by_role("button", name="Leave note").click()
    note = talk_of(tom).get_by_role("article").filter(has_text="He is a gold customer.")
    expect(note).to_contain_text("only the team sees it")
    expect(composer(hana)).to_have_value("")

    hana.locator("summary", has_text="Later").click()
    hana.get_by_role("button", name="Tomorrow morning").click()
    expect(tom.get_by_role("button", name="Back to the list now")).to_be_visible()
    expect(in_list).to_have_count(0)
    talk = shop.talk("포인트 문의")
    assert talk["state"] == "later"
    assert talk["due_at"].endswith("T00:00:00+00:00"), "nine in the morning in Seoul"

    tom.get_by_role("button", name="Back to the list now").click()
    expect(in_list).to_be_visible()
    expect(hana.get_by_role("button", name="Back to the list now")).to_have_count(0)
    assert shop.talk("포인트 문의")["state"] == "waiting"

    tom.get_by_role("button", name="Done", exact=True).click()
    expect(hana.get_by_role("button", name="Reopen")).to_be_visible()
    assert shop.talk("포인트 문의")["state"] == "done"

    hana.get_by_role("button", name="Reopen").click()
    expect(tom.get_by_role("button", name="Done", exact=True)).to_be_visible()
    expect(in_list).to_be_visible()
    assert shop.talk("포인트 문의")["state"] == "waiting"


def test_an_open_menu_stays_under_the_hand_while_others_work(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Long menu", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    page.locator("summary", has_text="Assign").click()
    shop.do("leave_note", name="Tom", subject="Long menu", text="I know her.")
    expect(talk_of(page)).to_contain_text("I know her.")
    page.get_by_role("button", name="Me", exact=True).click()
    expect(page.locator("summary", has_text="Assigned to")).to_contain_text("Hana")


def test_what_comes_while_one_reads_further_up_moves_nothing(shop: Shop, open_page: OpenPage) -> None:
    story = "\n".join(f"> Line {number} of a long story." for number in range(80))
    conversation = shop.hear_from(SORA, "Long story", f"Please read it.\n\n{story}")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.locator("summary", has_text="Quote and signature").click()
    talk_of(page).evaluate("(log) => (log.scrollTop = 60)")

    shop.do("leave_note", name="Tom", subject="Long story", text="I read it to the end.")

    expect(page.get_by_role("button", name="Something new")).to_be_visible()
    assert talk_of(page).evaluate("(log) => log.scrollTop") == 60
    expect(page.get_by_text("Line 7 of a long story.")).to_be_visible()
    page.get_by_role("button", name="Something new").click()
    expect(page.get_by_text("I read it to the end.")).to_be_in_viewport()


def test_a_second_tab_of_the_same_person_follows_too(shop: Shop, open_page: OpenPage) -> None:
    """Only one tab holds the line; when it is closed another one takes it."""
    conversation = shop.hear_from(SORA, "Two tabs", "Hello.")
    first = shop.page_of("Hana", open_page)
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto(f"/inbox/{conversation}/")
    shop.do("leave_note", name="Tom", subject="Two tabs", text="For both tabs.")
    for tab in (first, second):
        expect(talk_of(tab)).to_contain_text("For both tabs.")
    first.close()
    shop.do("leave_note", name="Tom", subject="Two tabs", text="For the one that is left.")
    expect(talk_of(second)).to_contain_text("For the one that is left.")


def test_a_tab_in_the_background_loads_once_it_is_looked_at(shop: Shop, open_page: OpenPage) -> None:
    """Five hundred forgotten tabs must not all ask for their lists whenever a mail comes."""
    conversation = shop.hear_from(SORA, "Behind another window", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.evaluate(
        """() => {
            window.heard = [];
            document.addEventListener("dangol:happened", ({ detail }) => heard.push(detail.name));
            window.turn = (hidden) => {
                Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
                document.dispatchEvent(new Event("visibilitychange"));
            };
            turn(true);
        }"""
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for number in range(3):
        shop.do("leave_note", name="Tom", subject="Behind another window", text=f"Note {number}.")
    until(lambda: len(page.evaluate("heard")) >= 3)
    page.wait_for_timeout(600)  # longer than a tab that is looked at would have waited
    assert asked == []
    page.evaluate("turn(false)")
    for number in range(3):
        expect(talk_of(page)).to_contain_text(f"Note {number}.")
    assert (
        len([url for url in asked if f"/inbox/{conversation}/" in url]) <= 2
    )  # the conversation and the list


def test_a_lost_line_misses_nothing(shop: Shop, open_page_on_a_bad_line: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "In the lift", "Are you there?")
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.evaluate("window.isStillTheSame = true")

    page.context.set_offline(True)
    expect(page.get_by_text("The line is lost")).to_be_visible()
    composer(page).fill("Typed in the lift.")
    expect(page.get_by_text("Kept on this device")).to_be_visible()
    shop.do("leave_note", name="Tom", subject="In the lift", text="A note meanwhile.")
    shop.hear_from(JAMES, "While you were away", "Hello.")
    shop.do("assign", name="Tom", subject="In the lift", to="Hana")
    page.wait_for_timeout(
        1500
    )  # a line that is half dead still brings the events, and nothing of what they tell of
    page.context.set_offline(False)

    expect(talk_of(page)).to_contain_text("A note meanwhile.")
    expect(page.get_by_role("link", name="While you were away")).to_be_visible()
    expect(page.locator("summary", has_text="Assigned to")).to_contain_text("Hana")
    expect(page.get_by_text("The line is lost")).to_be_hidden()
    expect(composer(page)).to_have_value("Typed in the lift.")
    until(lambda: shop.talk("In the lift")["drafts"].get("Hana") == "Typed in the lift.")
    assert page.evaluate("window.isStillTheSame"), "it caught up without loading again"
    # And from here on it follows as before.
    shop.do("leave_note", name="Tom", subject="In the lift", text="A note afterwards.")
    expect(talk_of(page)).to_contain_text("A note afterwards.")


def test_what_could_not_be_fetched_is_fetched_later(shop: Shop, open_page_on_a_bad_line: OpenPage) -> None:
    """The event arrives, and the request for what it tells of fails: the page may not stay behind for that."""
    conversation = shop.hear_from(SORA, "Hiccup", "Are you there?")
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.route(f"**/inbox/{conversation}/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        shop.do("leave_note", name="Tom", subject="Hiccup", text="A note in the hiccup.")
    page.unroute_all(behavior="wait")
    expect(talk_of(page)).to_contain_text("A note in the hiccup.")


def test_a_server_that_was_killed_and_came_back_misses_nothing(
    shop: Shop, open_page_on_a_bad_line: OpenPage
) -> None:
    conversation = shop.hear_from(SORA, "Power cut", "Are you there?")
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    page.goto(f"/inbox/{conversation}/")
    composer(page).fill("Typed before the cut.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.evaluate("window.isStillTheSame = true")

    shop.desk.stop(how=signal.SIGKILL)
    shop.do("leave_note", name="Tom", subject="Power cut", text="Written in the dark.")
    shop.hear_from(JAMES, "Sent in the dark", "Hello.")
    expect(page.get_by_text("The line is lost")).to_be_visible()
    shop.desk.start()

    expect(talk_of(page)).to_contain_text("Written in the dark.", timeout=40_000)
    expect(page.get_by_role("link", name="Sent in the dark")).to_be_visible()
    expect(page.get_by_text("The line is lost")).to_be_hidden()
    expect(composer(page)).to_have_value("Typed before the cut.")
    assert page.evaluate("window.isStillTheSame"), "it caught up without loading again"
    shop.do("leave_note", name="Tom", subject="Power cut", text="Written in the light.")
    expect(talk_of(page)).to_contain_text("Written in the light.")
    send(page)
    expect(talk_of(page)).to_contain_text("Typed before the cut.")


def test_a_person_whom_a_list_made_look_like_a_machine_waits_after_one_click(
    shop: Shop, open_page: OpenPage
) -> None:
    through_a_form = {"List-Id": "<orders.forms.example>", "Auto-Submitted": "auto-generated"}
    shop.hear_from(JAMES, "A table for eight", "For Friday, please.", headers=through_a_form)
    page = shop.page_of("Hana", open_page)
    page.goto("/inbox/?tab=done")
    page.get_by_role("link", name="A table for eight").click()
    expect(talk_of(page)).to_contain_text("nobody waits for an answer")
    bring_axe(page)
    assert violations(page) == []

    page.get_by_role("button", name="A person wrote this").click()
    expect(page.get_by_role("button", name="A machine wrote this")).to_be_visible()
    shop.hear_from(JAMES, "And a cake", "With candles.", headers=through_a_form)
    page.goto("/inbox/")
    for subject in ("A table for eight", "And a cake"):
        expect(page.get_by_role("link", name=subject)).to_be_visible()
