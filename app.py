"""The Chalice application: names the functions of the service and nothing else."""

from chalice.app import Chalice

from chalicelib.api.routes import api
from chalicelib.config import check_doors
from chalicelib.console.frame.routes import console
from chalicelib.handlers import functions

check_doors()

app = Chalice(app_name="loans")
app.register_blueprint(api)
app.register_blueprint(console)
app.register_blueprint(functions)
