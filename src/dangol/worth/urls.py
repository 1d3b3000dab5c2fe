from django.urls import path

from dangol.worth import views

urlpatterns = [
    path("worth/", views.worth_statement, name="worth_statement"),
    path("worth/statement.csv", views.worth_statement_csv, name="worth_statement_csv"),
    path("worth/tightrope/", views.worth_tightrope, name="worth_tightrope"),
    path("worth/wishes/", views.worth_wishes, name="worth_wishes"),
    path("worth/entries/", views.worth_entries, name="worth_entries"),
    path("worth/entries.csv", views.worth_entries_csv, name="worth_entries_csv"),
    path("worth/entries/<int:entry_id>/", views.worth_entry, name="worth_entry"),
]
