"""The API for other programs: the same services as the pages, described by OpenAPI."""
