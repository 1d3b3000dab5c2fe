"""English: what guests ask before they come."""

from typing import Final

from dangol.showcase.words import Matter

VISITS: Final = (
    Matter(
        "table",
        ("Table for {people} on {day}?", "Booking for {day}", "{people} of us, {day} {hour}"),
        (
            "Do you have a table for {people} on {day} around {hour}? Two of us come straight from work, so {hour}"
            " sharp would be hard, a quarter of an hour later is fine as well.",
            "We'd like to come with {people} people on {day}, {hour} if possible. By the window would be lovely.",
        ),
        (
            "{day} at {hour} for {people} is yours. The big table by the window was still free. We keep it for twenty"
            " minutes; if you are later, just write.",
            "With pleasure: a table for {people}, {day}, {hour}. If somebody doesn't eat meat, tell us before, then"
            " the kitchen puts veggie patties aside.",
        ),
        (
            (
                "Great. One of us comes with a baby, is there room for a pushchair?",
                "There is, beside the window table. We also have one high chair and put it there for you.",
            ),
            (
                "Sorry, it is two more after all. Would that still work?",
                "It would, we'll push the next table to yours. See you then!",
            ),
        ),
        often=5,
    ),
    Matter(
        "move-booking",
        ("Moving our booking", "Can we come later on {day}?"),
        (
            "We booked for {day}, but the train lands us half an hour late. Can you keep the table until {hour}?",
            "Something came up at work. Could we move tonight's table to {day}, same time?",
        ),
        (
            "Of course. Your table is now {day}, {hour}, everything else stays as it was.",
            "Moved, no trouble at all. {day} it is, {hour}. Safe travels.",
        ),
        (("And can I still change the number of people on the day?", "Yes, until two hours before."),),
        often=3,
    ),
    Matter(
        "gluten",
        ("Is the bun gluten free?", "Gluten question"),
        (
            "My sister has coeliac disease. Is there anything on the menu she can eat safely, bun included?",
            "Quick one: is the bun of the {dish} gluten free, or can I have it without?",
        ),
        (
            "The normal bun is wheat. We have a gluten-free one, it costs nothing extra. But the buns are toasted on"
            " the same plate, so for coeliac disease please say so when you order: then Dongsuk does yours in a"
            " clean pan.",
            "The {dish} comes in a lettuce wrap if you like, without bun. The patty, the sauce and the {side} are"
            " free of gluten; the onion rings are not.",
        ),
        (
            (
                "Does the pan also go for the {side}?",
                "The {side} have a fryer of their own, no flour goes in there.",
            ),
        ),
        often=3,
    ),
    Matter(
        "vegan",
        ("Vegan options", "Anything vegan besides fries?"),
        (
            "Is the Eclipse Veggie vegan or only vegetarian? And what about the sauce?",
            "A friend who eats vegan comes along on {day}. What can you offer besides fries?",
        ),
        (
            "The Eclipse patty is vegan, the standard sauce has egg in it. Ask for the smoky tomato sauce and no"
            " cheese and all of it is vegan. The bun is too.",
            "Quite a bit: the Eclipse with tomato sauce, {side}, the slaw with vinegar and the {drink}.",
        ),
        (
            (
                "Is it fried beside the beef?",
                "No, it has its own corner of the grill and its own spatula, a green one.",
            ),
        ),
    ),
    Matter(
        "spicy",
        ("How hot is the Crater Chili?", "For children?"),
        (
            "How hot is the Crater Chili really? I like it hot, my son thinks ketchup is spicy.",
            "Which burger would you give to a six-year-old who wants to eat the same as the grown-ups?",
        ),
        (
            "It has gochujang and two kinds of chili, about as hot as a good kimchi stew. For your son there is the"
            " Half Moon: small, mild, with cheese, and he gets to choose the flag on it.",
            "The Half Moon. It is the Moon Classic in small. And a {drink} is in the price.",
        ),
        (),
    ),
    Matter(
        "hours",
        ("Open on the holiday?", "Opening hours on {day}"),
        (
            "Are you open on the public holiday, and until when does the kitchen take orders?",
            "Google says one thing and your door another. Until when can we order on {day}?",
        ),
        (
            "On public holidays we are closed, the day before we are open as usual. The kitchen takes orders until"
            " half an hour before closing.",
            "The door is right. On {day} we are there until half past nine in the evening, last orders at nine."
            " Between three and half past four we rest and peel onions.",
        ),
        (),
        often=3,
    ),
    Matter(
        "area",
        ("Do you deliver to us?", "Delivery to Seongsu"),
        (
            "We moved to Seongsu, near the station. Do you still deliver here, and from what amount?",
            "Do you deliver to the offices behind the park? The app says no, but my colleague got one last week.",
        ),
        (
            "We do, from 15,000 won. It takes about 35 minutes at lunch, 25 otherwise.",
            "The app draws its circle a street too small. Order by phone or answer this mail, then we bring it.",
        ),
        (("Can I pay by card at the door?", "You can, our riders carry a reader."),),
        often=3,
    ),
    Matter(
        "birthday",
        ("Birthday on {day}", "A small surprise?"),
        (
            "My mother turns 60 and wants a burger, of all things. Could you put a candle on a {dish} on {day}?",
            "We celebrate a birthday at yours on {day}, {people} people. May we bring our own cake?",
        ),
        (
            "A candle, and all of us sing if she can bear it. Tell us the name and whether she likes surprises.",
            "Bring it! We keep it cool and cut it. Plates and forks are on us.",
        ),
        (("Her name is Younghee, and she loves surprises.", "Then we know nothing. See you on {day}."),),
    ),
    Matter(
        "parking",
        ("Parking", "Where can we park?"),
        (
            "Is there parking near you on {day} evening? One of us can't walk far.",
            "We come by car with two children. Where do you park around there without a fine?",
        ),
        (
            "Ours has two places behind the house, I've put a cone on one for you. Just move it.",
            "The public car park at the corner takes 3,000 won an hour; show us the ticket and we pay the first one.",
        ),
        (),
    ),
    Matter(
        "dog",
        ("Can I bring my dog?", "Dog question"),
        (
            "May my dog come along? Small, old, sleeps under the table.",
            "Are dogs allowed on the terrace?",
        ),
        (
            "On the terrace with pleasure, inside the law won't let us. There is a bowl and, for good dogs, a plain"
            " bit of patty without salt.",
            "They are, and they get water before you do.",
        ),
        (),
    ),
)
