"""The pocket models: small networks of the full ones' classes, trained on scenes of emoji; not imported to serve."""
