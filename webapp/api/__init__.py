"""The API for other programs: the services behind the pages, described by OpenAPI."""
