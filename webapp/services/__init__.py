"""What the app does, free of HTTP: each function that writes is one transaction."""
