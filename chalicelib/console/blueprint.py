"""The blueprint of the console, and the one place where its pages are declared."""

from chalice.app import Blueprint

from chalicelib.console.page import Pages

console = Blueprint(__name__)
pages = Pages(console)
