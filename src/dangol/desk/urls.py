from django.urls import path

from dangol.desk import finding, orders, person, stuck, times, today, views
from dangol.desk.alarms import views as alarms

urlpatterns = [
    path("", today.today, name="today"),
    path("alarms/<int:alarm_id>/acknowledgement/", alarms.acknowledgement, name="alarm_acknowledgement"),
    path("alarms/<int:alarm_id>/reminder/", alarms.reminder, name="alarm_reminder"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<int:conversation_id>/", views.conversation, name="conversation"),
    path("rail/", views.rail, name="rail"),
    path("search/", finding.search, name="search"),
    path("customers/<int:customer_id>/", person.customer, name="customer"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("times/", times.answer_times, name="answer_times"),
    path("times/conversations/", times.answer_times_list, name="answer_times_list"),
    path("times/table.csv", times.answer_times_csv, name="answer_times_csv"),
    path("stuck/", stuck.stuck_work, name="stuck_work"),
    path("stuck/mails/<int:raw_id>/file/", stuck.stuck_mail_file, name="stuck_mail_file"),
    path("stuck/mails/<int:raw_id>/retry/", stuck.stuck_mail_retry, name="stuck_mail_retry"),
    path(
        "stuck/deliveries/<int:delivery_id>/retry/", stuck.stuck_delivery_retry, name="stuck_delivery_retry"
    ),
    path("stuck/deliveries/<int:delivery_id>/drop/", stuck.stuck_delivery_drop, name="stuck_delivery_drop"),
    path("stuck/deliveries/<int:delivery_id>/keep/", stuck.stuck_delivery_keep, name="stuck_delivery_keep"),
    path("stuck/setbacks/<int:setback_id>/retry/", stuck.stuck_setback_retry, name="stuck_setback_retry"),
]
