"""Sections of the report: one module and one template each, found by looking into this folder.

A module gives ``ORDER``, ``TITLE`` (its heading, or None) and ``context(report)``, the names that its template
``templates/sections/MODULE.html.j2`` uses beside ``report``; a context of None leaves the section out.
"""
