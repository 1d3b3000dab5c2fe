"""English: what regulars and offices write."""

from typing import Final

from dangol.showcase.words import Matter

REGULARS: Final = (
    Matter(
        "invoice",
        ("Invoice for the office lunch", "Tax invoice please", "Invoice {order}"),
        (
            "Could you send a tax invoice for order {order}? Our registration number is 123-45-67890. Accounting"
            " closes the month on {day}.",
            "The invoice for {order} has our old address on it. Could you send it again with the one below?",
        ),
        (
            "It is on its way to you from our accounting; the number on it is {order}. If it isn't there tomorrow"
            " morning, write and I send it myself.",
            "Corrected, and sent again with today's date. The old one is cancelled, so please throw it away.",
        ),
        (
            (
                "Thank you. Accounting asks whether delivery is on a line of its own.",
                "It is, on the last line, with its own VAT.",
            ),
        ),
        often=4,
        is_catering=True,
    ),
    Matter(
        "office-lunch",
        ("Lunch for {many} on {day}", "Team lunch, {many} people", "Catering request"),
        (
            "We'd like lunch for {many} people on {day}, {hour} at our office. About a third eats no meat. What would"
            " you suggest and what does it come to?",
            "Can you do {many} burgers for a company event on {day}? We have no kitchen, so everything should come"
            " warm and in single boxes with names on them.",
        ),
        (
            "Happily. For {many} I suggest two thirds Moon Classic, one third Eclipse Veggie, {side} for all and"
            " {drink} in bottles: 14,500 won a head, delivered. Two of us come along and hand out.",
            "We can. {many} boxes with names are no trouble if the list is here two days before. They come in warm"
            " bags, from the grill to you within 20 minutes.",
        ),
        (
            (
                "Sounds good. Four of us are allergic to nuts, is that a problem?",
                "There are no nuts in our kitchen, except in the brownie, and that comes wrapped apart.",
            ),
            (
                "What if it is five people fewer in the end?",
                "Tell us until noon the day before, then you pay for those who eat.",
            ),
        ),
        ("Checked with Dongsuk: {day} works if we start the buns at nine.", "Offer filed under {order}."),
        often=6,
        is_catering=True,
    ),
    Matter(
        "gift",
        ("Gift card", "A present for a burger lover"),
        (
            "Do you sell gift cards? It should be there by {day}.",
            "I'd like to give a friend a meal for two at yours. How does that work?",
        ),
        (
            "We do, from 20,000 won, by mail or on thick paper in an envelope. Which one, and what shall stand on it?",
            "Write me the name and the amount, and the card is in your mailbox within the hour. It never expires.",
        ),
        (
            (
                "On paper please, 50,000 won, for “Uncle Joon”.",
                "It lies at the counter under your name, paid on pick-up.",
            ),
        ),
    ),
    Matter(
        "praise",
        ("Thank you, Dongsuk", "Best lunch in weeks", "That was kind"),
        (
            "I just want to say that the {dish} on {day} was the best thing that happened all week. Whoever was at"
            " the grill: thank you.",
            "I left my bag at yours and Hana ran after me to the bus stop with it. I don't know many places where"
            " somebody would do that.",
        ),
        (
            "That was Dongsuk. I've pinned your mail over the grill, he pretends not to have seen it and has been"
            " whistling since.",
            "I read it out to the whole kitchen, Hana went red. Thank you for taking the time to write.",
        ),
        (),
        ("Praise for the board!",),
        often=3,
    ),
    Matter(
        "job",
        ("Are you hiring?", "Job application"),
        (
            "I'm a student and look for evening shifts, two or three a week. I've worked a till. Are you hiring?",
            "Attached is nothing yet, I wanted to ask first whether you still look for somebody in the kitchen.",
        ),
        (
            "We are, for Friday and Saturday evenings. Come by on {day} after three, then it is quiet, and ask for"
            " Dongsuk.",
            "Not at the moment, sorry. May I keep your address until spring? Then the terrace opens.",
        ),
        (),
    ),
    Matter(
        "beef",
        ("Where is your beef from?", "Question about the meat"),
        (
            "Where does your beef come from, and is it halal?",
            "Is it Hanwoo in the Double Moon or imported beef?",
        ),
        (
            "From a farm near Hoengseong, ground here every morning. It isn't halal; the Shrimp Comet or the"
            " Eclipse may be an idea.",
            "Hanwoo shoulder and a quarter brisket, minced the same morning. The paper with the farm's number hangs"
            " beside the till.",
        ),
        (),
    ),
    Matter(
        "menu-idea",
        ("An idea for the menu", "Bring back the pumpkin burger!"),
        (
            "Will the pumpkin burger come back this autumn? Half of our office asks.",
            "Have you ever thought about a fish burger? There's none in the whole street.",
        ),
        (
            "From the first of the month, for six weeks. I've put your office on the list of those who get to try.",
            "Dongsuk has, and hasn't liked his own yet. When he does, you taste first.",
        ),
        (),
    ),
    Matter(
        "points-how",
        ("How do the points work?", "Points question"),
        (
            "How many points do I need for free delivery, and do they expire?",
            "I have a stamp card from last year, nearly full. Does it still count?",
        ),
        (
            "A point per 100 won, 200 points are a free delivery. They live for a year after your last order.",
            "It counts. Bring it, and I move the stamps to your account as points.",
        ),
        (("Can my husband use them too?", "Yes, tell me his number and I put you two on one account."),),
        often=3,
    ),
)
