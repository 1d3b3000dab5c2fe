from django.urls import path

from dangol.desk import (
    customer_acts,
    customers,
    finding,
    merging,
    order_import,
    orders,
    person,
    stuck,
    times,
    today,
    views,
)
from dangol.desk.alarms import views as alarms

urlpatterns = [
    path("", today.today, name="today"),
    path("alarms/<int:alarm_id>/acknowledgement/", alarms.acknowledgement, name="alarm_acknowledgement"),
    path("alarms/<int:alarm_id>/reminder/", alarms.reminder, name="alarm_reminder"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<int:conversation_id>/", views.conversation, name="conversation"),
    path("rail/", views.rail, name="rail"),
    path("search/", finding.search, name="search"),
    path("customers/", customers.customers, name="customers"),
    path("customers/new/", customers.new_customer, name="new_customer"),
    path("customers/<int:customer_id>/", person.customer, name="customer"),
    path("orders/", orders.orders, name="orders"),
    path("orders/import/", order_import.orders_import, name="orders_import"),
    path("orders/import/<int:job_id>/", order_import.order_import, name="order_import"),
    path(
        "orders/import/<int:job_id>/refused.csv",
        order_import.order_import_refused,
        name="order_import_refused",
    ),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("customers/<int:customer_id>/profile/", customers.profile, name="customer_profile"),
    path("customers/<int:customer_id>/notes/", customer_acts.notes, name="customer_notes"),
    path(
        "customers/<int:customer_id>/notes/<int:note_id>/removal/",
        customer_acts.note_removal,
        name="customer_note_removal",
    ),
    path("customers/<int:customer_id>/tags/", customer_acts.tags, name="customer_tags"),
    path("customers/<int:customer_id>/addresses/", customer_acts.identities, name="customer_identities"),
    path(
        "customers/<int:customer_id>/addresses/<int:identity_id>/removal/",
        customer_acts.identity_removal,
        name="customer_identity_removal",
    ),
    path(
        "customers/<int:customer_id>/addresses/<int:identity_id>/split/",
        customer_acts.identity_split,
        name="customer_identity_split",
    ),
    path("customers/<int:customer_id>/consents/", customer_acts.consents, name="customer_consents"),
    path("customers/<int:customer_id>/likeness/", merging.likeness, name="customer_likeness"),
    path("customers/<int:customer_id>/merging/<int:other_id>/", merging.merging, name="customer_merging"),
    path(
        "customers/<int:customer_id>/difference/<int:other_id>/",
        merging.difference,
        name="customer_difference",
    ),
    path("merges/<int:merge_id>/", merging.merge, name="merge"),
    path("merges/<int:merge_id>/undo/", merging.merge_undo, name="merge_undo"),
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
