"""The public request form: questions, uploads and submission. Imports models, lifecycle and messaging."""
