"""The staff's side of requests, under ``/staff/``: each module one page of the desk, with its addresses.

``consultations.admin`` mounts them. Every view is behind ``page``: signed in as staff, and with the
permission it names, which is checked here and not only in the menu.
"""
