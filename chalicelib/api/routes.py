from chalice import Blueprint

api = Blueprint(__name__)


@api.route("/api/register", methods=["POST"], content_types=[])
def register() -> object:
    return {}
