"""Which handler answers which method at which path, and the words for where there is none."""

from collections.abc import Callable

from gateway.wire.exchange import BAD_REQUEST, Handler, Reply, Request, error_reply


class Routes:
    """A table of exact paths, and of folders whose files are named by one more step."""

    def __init__(self) -> None:
        self._paths: dict[bytes, dict[bytes, Handler]] = {}
        self._folders: dict[bytes, Callable[[str], Handler]] = {}
        self._missing = _always(error_reply(404, "there is nothing here", BAD_REQUEST))
        self._unreadable = _always(error_reply(400, "this is no address", BAD_REQUEST))

    def add(self, method: str, path: str, handler: Handler) -> None:
        self._paths.setdefault(path.encode(), {})[method.encode()] = handler

    def add_page(self, path: str, handler: Handler) -> None:
        """What may be read, and asked for without its body."""
        self.add("GET", path, handler)
        self.add("HEAD", path, handler)

    def add_folder(self, path: str, file: Callable[[str], Handler]) -> None:
        """`file` gives the handler of the name that follows `path`, whatever it is."""
        self._folders[path.encode()] = file

    def handler_of(self, request: Request) -> Handler:
        """The handler; one that says what is wrong, where there is none."""
        methods = self._paths.get(request.target)
        if methods is None:
            try:
                path = request.address.path or b"/"
            except ValueError:
                return self._unreadable
            methods = self._paths.get(path)
            if methods is None:
                return self._file(path)
        handler = methods.get(request.method)
        if handler is None:
            allowed = ",".join(sorted(method.decode() for method in methods))
            return _always(error_reply(405, f"send {allowed}", BAD_REQUEST, {"Allow": allowed}))
        return handler

    def _file(self, path: bytes) -> Handler:
        folder, slash, name = path.rpartition(b"/")
        file = self._folders.get(folder + slash)
        return self._missing if file is None else file(name.decode("utf-8", "replace"))


def _always(reply: Reply) -> Handler:
    async def handle(request: Request) -> Reply:
        return reply

    return handle
