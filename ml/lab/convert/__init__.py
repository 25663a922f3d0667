"""Development only: published weights become artifacts. Nothing that is served imports this."""
