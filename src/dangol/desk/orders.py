"""Orders: the list with its search by number, and one order."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.orders.queries import order_list, order_sheet
from dangol.staff.rights import actor, may, needs


@require_safe
@needs("answer")
def orders(request: HttpRequest) -> HttpResponse:
    """All orders, newest first, or those of one number."""
    number, after = request.GET.get("number", "").strip()[:80], request.GET.get("after", "")
    here = reverse("orders")
    page = order_list(number=number, after=after)
    asked = {"number": number} if number else {}
    context = {
        "page": page,
        "number": number,
        "may_import": may(actor(request), "import_orders"),
        "first_url": f"{here}?{urlencode(asked)}" if after else "",
        "next_url": f"{here}?{urlencode({**asked, 'after': page.next})}" if page.next else "",
    }
    return render(request, "desk/orders.html", context)


@require_safe
@needs("answer")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order: what was bought and given back, by whom made, when promised and when handed over."""
    return render(request, "desk/order.html", {"sheet": order_sheet(order_id)})
