"""Admin forms that detect when two people edit the same record."""
