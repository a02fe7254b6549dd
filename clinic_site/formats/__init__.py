"""How the staff side writes dates (``FORMAT_MODULE_PATH``), one module for each language."""
