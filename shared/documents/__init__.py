"""The note in a DocumentReference: whose it is, which attachment it is, and its text.

Ingest takes notes in by it, training reads the same notes by it.
"""
