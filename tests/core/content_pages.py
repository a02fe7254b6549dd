"""The addresses of the content pages, with one procedure of the sample content."""

CONTENT_PAGES = (
    "/",
    "/procedures/",
    "/procedures/nerve-repair/",
    "/surgeons/",
    "/surgeons/dr-sample-one/",
    "/clinic/",
    "/privacy/",
    "/accessibility/",
    "/about-our-information/",
    "/emergency/",
)
