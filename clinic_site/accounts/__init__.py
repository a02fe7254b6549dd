"""Who of the staff comes in, and how: two steps, idle sessions, invitations, and the record of it all.

django-allauth carries the steps of signing in. What is limited, recorded and asked for is decided here.
"""
