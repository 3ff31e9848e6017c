"""The Chalice application: names the functions of the service and nothing else."""

from chalicelib.starting import importing

with importing():
    from chalicelib.application import Application
    from chalicelib.config import check_doors

    check_doors()

    app = Application()
