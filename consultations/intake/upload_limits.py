"""Limits of the files that patients add to a request, and the share of each network."""

from datetime import timedelta

from clinic_site.core.rate_limits import Limit

MEGABYTE = 1024 * 1024

MAX_ATTACHMENTS_PER_REQUEST = 8
MAX_FILES_PER_UPLOAD = 4
# Of one file. The photographs of most phones have 2 to 8 MB.
MAX_FILE_BYTES = 10 * MEGABYTE
# Of a whole body. More than four full files, so that a patient who sends a little too much gets the form
# back and reads which file was too large. nginx must allow as much (docs/deployment.md).
MAX_BODY_BYTES = 64 * MEGABYTE

# Each file costs a process, whether or not it is stored.
FILES_PER_NETWORK = Limit("uploads from a network", attempts=160, period=timedelta(hours=1))
# In millions, and one more for each photograph: 160 photographs of 12 million pixels, as phones make them.
PIXELS_PER_NETWORK = Limit("pixels of photos from a network", attempts=2_100, period=timedelta(hours=1))
# Bytes stored: about half a megabyte for a photograph, the whole file for a report.
BYTES_PER_NETWORK = Limit("bytes of uploads from a network", 100 * MEGABYTE, timedelta(days=1))
