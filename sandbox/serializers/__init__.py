"""The records of the sandbox as GitHub's JSON, one module for each subject of the REST API."""
