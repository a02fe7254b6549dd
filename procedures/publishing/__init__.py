"""From draft to publication: documents, checks, comparison, restoring, images. May import models."""
