"""The statistics page for managers: tables, charts and a CSV file."""
