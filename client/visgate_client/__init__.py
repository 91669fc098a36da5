"""The thin gRPC client of a visgate server."""
