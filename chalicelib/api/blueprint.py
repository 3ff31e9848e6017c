"""The one place where the endpoints of the API are declared."""

from chalicelib.api.endpoint import Endpoints

endpoints = Endpoints()
