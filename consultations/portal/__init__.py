"""The patient's private page and its actions. Imports intake, lifecycle, messaging and models."""
