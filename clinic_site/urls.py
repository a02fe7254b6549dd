"""Every address of the site."""

from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from clinic_site import views
from procedures.sitemaps import SITEMAPS

urlpatterns = [
    path("", include("procedures.urls")),
    path("", include("consultations.urls")),
    path("clinic/", views.clinic, name="clinic"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("about-our-information/", views.about_our_information, name="about_our_information"),
    path("staff/", include("clinic_site.access.urls")),
    path("staff/", include("consultations.desk.urls")),
    path("staff/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
]
