"""GitHub's GraphQL API: `execute` runs requests on the schema of `schema.graphql`, `objects` builds the results."""
