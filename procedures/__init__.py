"""What patients read: drafts, publications, and the pages that show them. May import clinic_site."""
