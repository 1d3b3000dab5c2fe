"""Orders: the list with its search by number, and one order."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.business.queries import current_business
from dangol.kernel import clock
from dangol.orders.queries import order_list, order_sheet
from dangol.staff.rights import actor, may, needs
from dangol.worth.sold import orders_in, read_choice, sums_of


@require_safe
@needs("answer")
def orders(request: HttpRequest) -> HttpResponse:
    """All orders, newest first; those of one number; or those of some days, a place, a segment, as the statement asks
    for them, and then what they come to for who may see that."""
    number, after = request.GET.get("number", "").strip()[:80], request.GET.get("after", "")
    here, person = reverse("orders"), actor(request)
    business = current_business()
    chosen = read_choice(request.GET, business, today=clock.now().astimezone(business.zone).date())
    page = order_list(number=number, after=after, among=orders_in(chosen))
    asked = "&".join(filter(None, (chosen.query, urlencode({"number": number}) if number else "")))
    context = {
        "page": page,
        "number": number,
        "chosen": chosen,
        "sums": sums_of(chosen) if not chosen.is_all and may(person, "see_worth") else (),
        "may_import": may(person, "import_orders"),
        "first_url": f"{here}?{asked}" if after else "",
        "next_url": f"{here}?{'&'.join(filter(None, (asked, f'after={page.next}')))}" if page.next else "",
    }
    return render(request, "desk/orders.html", context)


@require_safe
@needs("answer")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order: what was bought and given back, by whom made, when promised and when handed over."""
    return render(request, "desk/order.html", {"sheet": order_sheet(order_id)})
