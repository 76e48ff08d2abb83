"""`python -m tests.openid_provider`: an OpenID provider that is not ours (oidc-provider-mock), a process of its own.

It prints its address. Beside its own routes it gives out its signing key, so that a test can sign as it would.
"""

import flask
import werkzeug.serving
from oidc_provider_mock import app


def main() -> None:
    provider = app()

    @provider.get("/signing-key")
    def signing_key() -> flask.Response:
        return flask.jsonify(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))

    server = werkzeug.serving.make_server("127.0.0.1", 0, provider, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - whoever started it waits for this
    server.serve_forever()


if __name__ == "__main__":
    main()
