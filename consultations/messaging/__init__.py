"""Messages about consultation requests: what they say, and when they are queued.

A message is an entry of ``catalogue``, template files in ``templates/consultations/messaging/<language>/``,
and a call of ``notify.notify``. Imports the models, ``workflow`` and ``clinic_site.mail``.
"""
