"""English: what goes wrong in a kitchen, and how it is put right: what happened, what we do now, what changes."""

from typing import Final

from dangol.showcase.words import Matter

TROUBLE: Final = (
    Matter(
        "cold",
        ("Cold burger", "Order {order} arrived cold", "Lukewarm at best"),
        (
            "Order {order} took {minutes} minutes and the {dish} was cold right through. The {side} were soft. I'd"
            " have eaten at home if I wanted that.",
            "Everything in {order} was cold. The rider was friendly, so I guess it stood at yours for a while.",
        ),
        (
            "It stood for eleven minutes on our counter because two riders were late at once, and we should have"
            " made it again. The {dish} is refunded as of now, and from today nothing leaves here that has waited"
            " longer than five minutes.",
            "I'm sorry your {dish} came cold. A new order is on the grill, it is with you in half an hour and costs"
            " nothing. And I've taken {order} off your card.",
        ),
        (
            (
                "Thank you. I hadn't expected a new one. Will the refund come by itself?",
                "It will, in two to three days, 14,800 won. If it doesn't, write to me directly.",
            ),
        ),
        (
            "Stood on the counter from 12:21 to 12:32, I checked the camera.",
            "Refunded. Second time this week at noon!",
        ),
        often=4,
        is_serious=True,
    ),
    Matter(
        "missing",
        ("The {drink} was missing", "Something missing in {order}"),
        (
            "The {side} from order {order} never came, though they're on the receipt.",
            "We ordered three menus and got two drinks. The {drink} is what my daughter was looking forward to.",
        ),
        (
            "That one is on us: it still stands here with your number on it. I've paid it back and put a free one on"
            " your account for next time.",
            "Forgotten while packing, I'm sorry. Tom is on his bike and brings it now. Ten minutes.",
        ),
        (
            (
                "That was quick, it's here. Thank Tom for us!",
                "I will. The next one is on us.",
            ),
        ),
        ("Packed by the new one, I'll show him the list again.",),
        often=5,
    ),
    Matter(
        "wrong",
        ("Wrong burger", "Not what I ordered ({order})"),
        (
            "I ordered a {dish} and got something with bacon. I don't eat pork. Order {order}.",
            "The box says {dish}, inside is something else. It was good, but it wasn't mine.",
        ),
        (
            "That must not happen, least of all with pork. Two boxes were swapped. Your money is on its way back, and"
            " we now write the name on the box before the burger goes in.",
            "Then somebody else has yours. I'm sending a {dish} right now and the other one is a present.",
        ),
        (("And is the fryer shared with pork?", "No. Nothing with pork goes into a fryer here."),),
        often=3,
        is_serious=True,
    ),
    Matter(
        "late",
        ("{minutes} minutes late", "Where is {order}?", "Still waiting"),
        (
            "My order {order} was promised for {hour}. That was {minutes} minutes ago. Does it still come?",
            "Nobody picks up the phone and the app says “on its way” since half an hour. Order {order}.",
        ),
        (
            "It left here late and is at your door in eight minutes, I've just spoken to the rider. Delivery is free,"
            " and so is the {drink}.",
            "The rider's bike broke down at the bridge. Tom takes it over with a fresh one; you'll have it in a quarter"
            " of an hour and pay nothing for it.",
        ),
        (
            (
                "It's here now. Still warm, at least.",
                "Thank you for telling us. Next time without the bridge.",
            ),
        ),
        ("Phone was off the hook over lunch. Again.",),
        often=5,
    ),
    Matter(
        "double-charge",
        ("Charged twice", "Two payments for {order}"),
        (
            "My card was charged twice for {order}. Could you check, please? I can send a screenshot.",
            "The bank shows two payments of the same amount from you on {day}.",
        ),
        (
            "You're right, the reader sent it twice. The second payment is cancelled as of this minute; your bank"
            " shows it in two days at the latest.",
            "One of the two is only a reservation, which falls away by itself. I've asked the bank to let go of it"
            " today.",
        ),
        (
            (
                "It's still there after two days.",
                "Then I send it to you by hand today. Which account may I use?",
            ),
        ),
        often=3,
    ),
    Matter(
        "refund",
        ("Refund still missing", "When does my refund come?"),
        (
            "You promised a refund for {order} last week. Nothing has come yet.",
            "How long does a refund take? It's for {order}, the one with the cold {side}.",
        ),
        (
            "It went out on {day} under the number {order}. Some banks take five working days. If it isn't there by"
            " then, I pay it out at the counter.",
            "I found it: it hung in a list that nobody looked at. It's paid now, and the list is gone.",
        ),
        (),
        often=3,
    ),
    Matter(
        "points-gone",
        ("My points are gone", "Points for {order} missing"),
        (
            "Order {order} gave me no points, although I was signed in.",
            "I had more than two hundred points and now the app says twelve. What happened?",
        ),
        (
            "They're added now, and twenty on top for your trouble.",
            "You have two accounts, one with your old number. I've put them together: all points are there again.",
        ),
        (
            (
                "Perfect. Which number is it now?",
                "The one ending in 71. The other one still works for signing in.",
            ),
        ),
        often=3,
    ),
    Matter(
        "coupon",
        ("Coupon doesn't work", "Code not accepted"),
        (
            "The coupon from the flyer isn't accepted, it says “unknown”. It's valid until {day}.",
            "I typed MOON10 three times. Am I doing something wrong?",
        ),
        (
            "You did nothing wrong: it has a zero in it that looks like an O. I've put the discount on your account,"
            " it takes itself off the next order.",
            "The code began a day late, our mistake. It works now, and you get the discount for yesterday as well.",
        ),
        (),
    ),
    Matter(
        "hair",
        ("Something in my food", "A hair in the {dish}"),
        (
            "There was a hair in my {dish}. I'm not a difficult guest, but I couldn't eat on.",
            "I found a piece of plastic in the {side}, about a centimetre. I have it here, and a photo.",
        ),
        (
            "Thank you for telling us, and I'm sorry you found it. You should have got a clean meal. Your order is paid"
            " back in full. We traced it to the prep table; everybody there wears a net from today, me included.",
            "That could have hurt you. It comes from the bag of the frozen goods. We've thrown away the whole batch and"
            " told the supplier. You get your money back, and I'd like to call you if you let me.",
        ),
        (
            (
                "No need to call. I appreciate how you handle it.",
                "Thank you. A table and a dinner for two are waiting for you whenever you like.",
            ),
        ),
        ("Batch 0311 thrown away, supplier informed.", "Spoke with everybody at the prep table."),
        often=2,
        is_serious=True,
    ),
    Matter(
        "rude",
        ("About tonight", "Not the welcome we are used to"),
        (
            "We come once a week. Tonight the young man at the door said “full” without looking up, while three"
            " tables were empty. We ate elsewhere.",
            "I asked twice for the bill and was told “I heard you”. That isn't how you usually are.",
        ),
        (
            "That isn't how anybody should be spoken to here. I've talked with him; it was his fourth double shift,"
            " which is my mistake and not his. Nobody works four in a row any more. May we cook for you this week?",
            "You should have got your bill and a thank-you. I was there and saw that we were two people short. From"
            " {day} there are three in the evening.",
        ),
        (
            (
                "Thank you for the honest answer. We'll come on {day}.",
                "The window table is yours. I'll be there.",
            ),
        ),
        ("@Dongsuk can you plan Friday with three?",),
        often=2,
        is_serious=True,
    ),
    Matter(
        "packaging",
        ("Packaging", "The bag tore"),
        (
            "The bag tore on the stairs and the {drink} went all over {order}.",
            "So much plastic for one {dish}! Can't that be done differently?",
        ),
        (
            "The new bags can't stand anything cold, we've noticed too. They go back to the supplier. Your drinks are"
            " refunded.",
            "It can. From next month the boxes are cardboard, and whoever brings a box of their own gets a drink.",
        ),
        (),
    ),
    Matter(
        "lost",
        ("Lost scarf", "Did somebody find my umbrella?"),
        (
            "I think I left a grey scarf on the bench at the window on {day} evening. Has somebody found it?",
            "My umbrella stood beside the door, black with a wooden handle. Is it still there?",
        ),
        (
            "It's here, folded, in the drawer under the till. Come whenever you like.",
            "There are four black ones, but only one with a wooden handle. It hangs in the office with your name on.",
        ),
        (),
    ),
    Matter(
        "cancel",
        ("Please cancel {order}", "Cancel my order"),
        (
            "Please cancel {order}, I clicked the wrong address. I'll order again right away.",
            "Can I still cancel {order}? The meeting was called off.",
        ),
        (
            "Cancelled before the grill was lit. Nothing is charged.",
            "Just in time. The money goes back today. Hope the next meeting comes with lunch.",
        ),
        (),
        often=4,
    ),
    Matter(
        "unsubscribe",
        ("Too many mails", "Please take me off the list"),
        (
            "Please take me off your newsletter. I like your burgers, not your mails.",
            "I get each of your newsletters twice. Once would do.",
        ),
        (
            "Done, you won't get another one. Mails about your own orders still come.",
            "You were on it with two addresses. One is gone now; tell me if it was the wrong one.",
        ),
        (),
    ),
)
