"""Orders: the list with its search by number, and one order."""

from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.customers.queries import ids_of_person, living_customer, names_of
from dangol.kernel import clock
from dangol.orders.queries import order_list, order_sheet
from dangol.orders.subscriptions import has_subscriptions, paid_for
from dangol.staff.rights import actor, may, needs
from dangol.worth.sold import orders_in, read_choice, sums_of

RUNNING: Final = "running"


@require_safe
@needs("answer")
def orders(request: HttpRequest) -> HttpResponse:
    """All orders, newest first; those of one number or one customer; or those of subscriptions that run today; those of
    some days, a place, a segment, as the statement asks for them, and then what they come to for who may see that."""
    number, after = request.GET.get("number", "").strip()[:80], request.GET.get("after", "")
    here, person = reverse("orders"), actor(request)
    business = current_business()
    today = clock.now().astimezone(business.zone).date()
    chosen = read_choice(request.GET, business, today=today)
    is_running = request.GET.get("subscription") == RUNNING
    among = orders_in(chosen).filter(paid_for(today)) if is_running else orders_in(chosen)
    buyer = _buyer(request.GET.get("customer", ""))
    if buyer:
        among = among.filter(customer__in=ids_of_person(buyer))
    page = order_list(number=number, after=after, among=among)
    more = {
        "number": number,
        "subscription": RUNNING if is_running else "",
        "customer": buyer.pk if buyer else "",
    }
    asked = "&".join(filter(None, (chosen.query, urlencode({n: v for n, v in more.items() if v}))))
    context = {
        "page": page,
        "number": number,
        "buyer": buyer,
        "buyer_name": names_of([buyer])[buyer.pk] if buyer else "",
        "is_running": is_running,
        "has_subscriptions": is_running or has_subscriptions(),
        "running_url": f"{here}?subscription={RUNNING}",
        "chosen": chosen,
        "sums": sums_of(chosen)
        if not (chosen.is_all or is_running or buyer) and may(person, "see_worth")
        else (),
        "may_import": may(person, "import_orders"),
        "first_url": f"{here}?{asked}" if after else "",
        "next_url": f"{here}?{'&'.join(filter(None, (asked, f'after={page.next}')))}" if page.next else "",
    }
    return render(request, "desk/orders.html", context)


def _buyer(asked: str) -> Customer | None:
    """Whose orders are asked for, by the id of any of their rows."""
    is_id = asked.isascii() and asked.isdecimal() and len(asked) < 19  # as many digits as the database takes
    return living_customer(int(asked)) if is_id else None


@require_safe
@needs("answer")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order: what was bought and given back, by whom made, when promised and when handed over."""
    return render(request, "desk/order.html", {"sheet": order_sheet(order_id)})
