"""The buttons of an alarm."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dangol.desk.alarms.commands import acknowledge_alarm, bring_alarm_back
from dangol.kernel import clock
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs


@require_POST
@needs("see_stuck_work")
def acknowledgement(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """I know."""
    acknowledge_alarm(actor=actor(request), alarm_id=alarm_id, at=clock.now())
    messages.success(request, _("You know of it. It is quiet until it is over or gets worse."))
    return see_other("today")


@require_POST
@needs("see_stuck_work")
def reminder(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """Show it again after all."""
    bring_alarm_back(actor=actor(request), alarm_id=alarm_id, at=clock.now())
    return see_other("today")
