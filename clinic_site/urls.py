"""Every address of the site. Those in ``i18n_patterns`` exist in each language: /clinic/ and /ur/clinic/."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from clinic_site.clinic import views as clinic_views
from clinic_site.operations import views as operations_views
from procedures.public.sitemaps import SITEMAPS

urlpatterns = [
    path("", include("procedures.untranslated_urls")),
    path("", include("consultations.untranslated_urls")),
    path("staff/", include("clinic_site.accounts.urls")),
    path("staff/", include("consultations.desk.urls")),
    path("staff/status/", admin.site.admin_view(operations_views.status_page), name="status"),
    path("staff/", admin.site.urls),
    path("healthz", operations_views.healthz, name="healthz"),
    path("readyz", operations_views.readyz, name="readyz"),
    path("metrics", operations_views.metrics, name="metrics"),
    path("robots.txt", operations_views.robots, name="robots"),
    path("favicon.ico", operations_views.favicon, name="favicon"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path(".well-known/security.txt", operations_views.security_txt, name="security_txt"),
    *i18n_patterns(
        path("", include("procedures.urls")),
        path("", include("consultations.urls")),
        path("clinic/", clinic_views.clinic, name="clinic"),
        path("accessibility/", clinic_views.accessibility, name="accessibility"),
        path("about-our-information/", clinic_views.about_our_information, name="about_our_information"),
        prefix_default_language=False,
    ),
]

handler400 = "clinic_site.core.http.error_pages.bad_request"
handler403 = "clinic_site.core.http.error_pages.permission_denied"
handler404 = "clinic_site.core.http.error_pages.page_not_found"
handler500 = "clinic_site.operations.fault_page.server_error"
