"""From YAML to the desired state: positions, types, references, secrets. Reads files; knows no server."""
