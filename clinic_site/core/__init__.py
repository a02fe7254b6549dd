"""What every app shares: rate limits, form fields and layout, text, images, Markdown, atomic files, logging.

Knows nothing of the clinic and imports no other capability.
"""
