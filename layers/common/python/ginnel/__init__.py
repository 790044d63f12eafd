"""What the functions know."""

VERSION = "0.1.0"
