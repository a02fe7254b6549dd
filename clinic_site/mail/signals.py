"""Signals of the mail queue, for the apps whose messages it sends."""

from django.dispatch import Signal

# A worker is about to send what is due.
sending_starts = Signal()

# A message was recorded as sent, or as resolved by staff who informed its reader in another way.
# Passes ``message``, the stored row.
reader_informed = Signal()

# A message bounced after it was sent. Passes ``message``, the row as it was before. Sent in the transaction
# that marks the message as undelivered.
message_bounced = Signal()
