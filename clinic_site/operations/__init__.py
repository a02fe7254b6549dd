"""Running the site: backup, cleanup, readiness, sample content, dashboard. Imports all of clinic_site."""
