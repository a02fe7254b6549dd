"""Running the site: backup, cleanup, readiness, sample content. Imports all of clinic_site."""
