"""Limits of the files that patients add to a request."""

MEGABYTE = 1024 * 1024

MAX_ATTACHMENTS_PER_REQUEST = 8
MAX_FILES_PER_UPLOAD = 4
# Of one file. The photographs of most phones have 2 to 8 MB.
MAX_FILE_BYTES = 10 * MEGABYTE
# Of a whole body. More than four full files, so that a patient who sends a little too much gets the form
# back and reads which file was too large. nginx must allow as much (docs/deployment.md).
MAX_BODY_BYTES = 64 * MEGABYTE
