"""The door for people with a browser: pages over the store, pictures over own routes.

::

    serve       builds the server and runs it: 127.0.0.1, nothing fetched from outside
    guard       what every answer carries, the one place for a login
    pictures    images, thumbnails and crops by number; thumbnails draws and keeps them
    downloads   an export as a zip, written while it is sent
    entry       the script that Streamlit runs; navigation finds the pages
    gallery, viewer, bars, facts, job_cards, ...   widgets that pages share, by noun

A page puts widgets in and makes one call; long work is a job, never the script.
"""
