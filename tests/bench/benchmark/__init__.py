"""The parts of scripts/bench: one module a kind of measurement."""
