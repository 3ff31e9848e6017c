"""The Chalice application: names the functions of the service and nothing else."""

from chalicelib.starting import import_when_used, importing

with importing():
    # The driver signs in with it by a password, which no database on AWS asks for.
    import_when_used("scramp")

    from chalicelib.application import Application
    from chalicelib.config import check_doors

    check_doors()

    app = Application()
