"""Alarms: what is checked (one home for doctor, Today and the mails), what became of it, and who was told."""
