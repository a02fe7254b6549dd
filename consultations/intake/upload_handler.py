"""Receive request bodies with files without filling the memory or the disk.

Django reads a body as soon as anything asks for ``request.POST``, and the check against forged requests
does, before the view runs. By then it is decided where files go. So a view that takes files is put
behind ``takes_files``, which decides that first and has the check run after it:

- A body longer than ``MAX_BODY_BYTES``, by its header, is answered at once, and no byte of it is read. It
  cannot have more than it says: Django reads no further. (A body sent in chunks, which does not say,
  counts as empty.) gunicorn reads 64 KB of what is left and closes the connection; nginx, with
  ``client_max_body_size`` set, answers such a body by itself and passes nothing on.
- Up to that, the body is read to its end, because a browser that is cut off while it sends shows its own
  error instead of our sentence, and what was typed would be lost. Of each file at most ``MAX_FILE_BYTES`` are
  kept, of the fifth and later ones nothing; the form then says which file was too large.

nginx takes a body in as a whole before it passes it on (``proxy_request_buffering``, its default). Leave
it on: a patient on a slow line keeps nginx waiting, not one of the server's few threads.
"""

import tempfile
from collections.abc import Callable
from functools import wraps
from typing import IO, Any, Concatenate, ParamSpec, cast

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from consultations.intake.upload_limits import MAX_BODY_BYTES, MAX_FILE_BYTES, MAX_FILES_PER_UPLOAD, MEGABYTE

# A file above this goes from memory to the disk.
MAX_MEMORY_BYTES = MEGABYTE

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class BoundedUploadHandler(FileUploadHandler):
    """Keeps at most ``MAX_FILE_BYTES`` of each of ``MAX_FILES_PER_UPLOAD`` files.

    One with more comes to the form with its true ``size`` and no content. The files have no name on the
    disk: when the request ends, or the process is killed, they are gone.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.begun = 0
        # Not ``file``: Django closes what it finds there, which would be the file before this one.
        self._kept: IO[bytes]

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self.begun += 1
        self._kept = tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115 - the request closes it

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.begun > MAX_FILES_PER_UPLOAD:
            return
        if start + len(raw_data) > MAX_FILE_BYTES:
            self._kept.truncate(0)
        else:
            self._kept.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self._kept.seek(0)
        return UploadedFile(self._kept, self.file_name, self.content_type, file_size, self.charset)

    def upload_interrupted(self) -> None:
        self._kept.close()


def takes_files(view: View[P]) -> View[P]:
    """For a view whose form has files. It must stand outermost, above every other decorator.

    ``csrf_exempt`` only has the check wait until the handler is in place; ``csrf_protect`` then makes it.
    """
    checked = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def bounded(request: HttpRequest, *args: P.args, **options: P.kwargs) -> HttpResponseBase:
        if request.method == "POST":
            try:
                length = int(request.headers.get("content-length") or 0)
            except ValueError:
                length = 0
            if length > MAX_BODY_BYTES:
                return _too_large(request)
            request.upload_handlers = [BoundedUploadHandler(request)]
        return checked(request, *args, **options)

    return cast(View[P], bounded)


def _too_large(request: HttpRequest) -> HttpResponse:
    # Whatever asks for the fields from here on gets none, instead of having the body read.
    request.POST = QueryDict()
    response = render(
        request, "consultations/intake/too_large.html", {"canonical_url": "", "path_here": "/"}, status=413
    )
    # The address may be a private page's: it goes nowhere from here.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
