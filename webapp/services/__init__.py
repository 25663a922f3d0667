"""Use cases of the app, free of HTTP. Each function that writes is one transaction."""
