"""Reading of untrusted files, in child processes of limited memory and time."""
