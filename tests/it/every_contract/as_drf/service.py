"""A Django REST Framework service for some operations of the five contracts.

It is written from the published documents and `docs/contracts/README.md`; for the rest the defaults of Django REST
Framework decide. `tests/it/every_contract/as_drf.rs` sends it the same requests as Souk and compares the answers. It is no product: its
data are in memory and one request is answered at a time.

Neither documents nor framework say how long a text may be or which fields may be left out. There the models take
what Souk publishes in its OpenAPI descriptions.
"""

import secrets
from datetime import timedelta
from socketserver import TCPServer
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

import django
from django.conf import settings

PASSWORD = "a-good-password-1"


def configure():
    settings.configure(
        ALLOWED_HOSTS=["*"],
        AUTH_USER_MODEL="shop.User",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            "apps.Shop",
        ],
        # A slow one would make the test slow and no answer different.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
            "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "EXCEPTION_HANDLER": "common.as_the_law_says",
        },
        ROOT_URLCONF="urls",
        SECRET_KEY=secrets.token_hex(32),
        SIMPLE_JWT={
            "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
            "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
            "USER_ID_CLAIM": "user_id",
        },
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
    django.setup()


def prepare():
    """The tables, and the administrator that Souk's command line makes."""
    from django.core.management import call_command
    from models import User

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("boss", "boss@souk.example", PASSWORD, is_staff=True)


class Handler(WSGIRequestHandler):
    def get_environ(self):
        # wsgiref makes up a content type where none was sent.
        environ = super().get_environ()
        environ["CONTENT_TYPE"] = self.headers.get("Content-Type", "")
        return environ

    def log_message(self, *arguments):
        pass


class Server(WSGIServer):
    def server_bind(self):
        # The inherited one asks a name server for the name of this machine.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address
        self.setup_environ()


def serve():
    from django.core.handlers.wsgi import WSGIHandler

    # The standard library writes a traceback for every client that hangs up.
    ServerHandler.log_exception = lambda *arguments: None
    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(WSGIHandler())
    print(f"as_drf listens on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    configure()
    prepare()
    serve()
