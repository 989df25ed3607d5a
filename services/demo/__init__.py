"""The demo: a fictional hospital sends its notes through every service of one machine."""
