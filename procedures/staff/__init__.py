"""The admin for content: editing, sign-off, history, plain-language report, feedback. May import public."""
