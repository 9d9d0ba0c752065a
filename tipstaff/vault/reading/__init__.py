"""What can be read of a file: text in turns and lines, a picture drawn anew, stills of a video. All of it runs in a
process of its own (`child`), so nothing here knows of Django, of the database or of a key.
"""
