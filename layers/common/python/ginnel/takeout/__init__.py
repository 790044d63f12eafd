"""All that there is of a person, as a zip of JSON files, given out while it is read: however much it is, little is held.

Where answers are bounded it comes in parts, each a zip of its own; a file that is cut goes on in the next one, under its name.
"""
