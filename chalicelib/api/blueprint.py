"""The blueprint of the API, and the one place where its endpoints are declared."""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Endpoints

api = Blueprint(__name__)
endpoints = Endpoints(api)
