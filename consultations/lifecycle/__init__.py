"""Changes of a request that the desk and the patient's page share. May import messaging and models."""
