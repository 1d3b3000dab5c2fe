"""The first visit, and what the business sets about itself."""

from django.urls import path

from dangol.desk import (
    giving_settings,
    places_settings,
    rates_import,
    rates_settings,
    settings_menu,
    settings_views,
    your_data,
)
from dangol.desk.backups import views as backups
from dangol.desk.setup import business_step, views

urlpatterns = [
    path("setup/", views.set_up, name="set_up"),
    path("setup/code/", views.code, name="set_up_code"),
    path("setup/business/", business_step.business, name="set_up_business"),
    path("setup/account/", views.owner, name="set_up_owner"),
    path("setup/mailbox/", views.mailbox, name="set_up_mailbox"),
    path("setup/ready/", views.ready, name="set_up_ready"),
    path("settings/", settings_menu.settings_index, name="settings"),
    path("settings/business/", settings_views.business_settings, name="business_settings"),
    path("settings/rates/", rates_settings.rates_settings, name="rates_settings"),
    path("settings/rates/import/", rates_import.rates_import, name="rates_import"),
    path("settings/places/", places_settings.places_settings, name="places_settings"),
    path("settings/places/<int:place_id>/", places_settings.place_settings, name="place_settings"),
    path("settings/goodwill/", giving_settings.goodwill_settings, name="goodwill_settings"),
    path("settings/goodwill/causes/", giving_settings.causes, name="causes"),
    path("settings/goodwill/causes/<int:cause_id>/", giving_settings.cause, name="cause"),
    path("settings/hours/", settings_views.hours_settings, name="hours_settings"),
    path("settings/data/", your_data.your_data, name="your_data"),
    path("settings/data/everything.zip", your_data.everything_file, name="everything_file"),
    path("settings/backups/", backups.backups, name="backups"),
    path("settings/backups/now/", backups.backup_now, name="backup_now"),
    path("settings/backups/<int:backup_id>/file/", backups.backup_file, name="backup_file"),
]
