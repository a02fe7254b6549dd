"""Staff accounts: the user model, roles, two-step sign-in, invitations, and the log of account events.

django-allauth signs staff in; Django's token views set passwords. May import core, clinic and mail.
"""
