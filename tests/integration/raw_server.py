"""A server of raw TCP for answers that no real server gives: it sends the
test's bytes unchanged and keeps its own log of requests."""

import collections
import socket
import struct
import threading
import time

Asked = collections.namedtuple("Asked", "time method path")


class Connection:
    """One request; the argument of a test's `answer`."""

    def __init__(self, peer, head, rest):
        self.socket = peer
        self.head = head
        self.rest = rest  # bytes of the body that came with the head
        self.method, self.path = head.split(b"\r\n")[0].decode().split()[:2]

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part if isinstance(part, bytes)
                                else part.encode())

    def answer(self, status="200 OK", body=b"", *headers):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}",
                 *headers]
        self.send("\r\n".join(lines) + "\r\n\r\n", body)

    def reset(self):
        """Closes so that the peer sees a reset, not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_peer(self, seconds=60):
        """Sends nothing until the peer closes the connection."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except OSError:
            pass

    def read_body(self, slowly=0):
        """Returns the whole body of a PUT; waits `slowly` seconds for each
        part."""
        length = 0
        for line in self.head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body, self.rest = self.rest[:length], self.rest[length:]
        while len(body) < length:
            part = self.socket.recv(100 if slowly else length - len(body))
            if not part:
                raise ConnectionError("short body")
            body += part
            time.sleep(slowly)
        return body


class RawServer:
    """Calls `answer(connection)` for each request; keeps the connection open if
    it returns true. After stop(), the port can be started again."""

    def __init__(self, answer, host="127.0.0.1", port=0):
        self.answer = answer
        self.host = host
        self.port = port
        self.asked = []
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,),
                         daemon=True).start()

    def stop(self):
        """Refuses new connections from now on and ends the open ones."""
        if self._listener is None:
            return
        # A close alone would leave accept() waiting on the old socket.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        with self._lock:
            for peer in self._open:
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with self._lock:
            self._open.add(peer)
        try:
            rest = b""
            while True:
                while b"\r\n\r\n" not in rest:
                    part = peer.recv(65536)
                    if not part:
                        return
                    rest += part
                head, _, rest = rest.partition(b"\r\n\r\n")
                connection = Connection(peer, head, rest)
                self.asked.append(Asked(time.monotonic(), connection.method,
                                        connection.path))
                if not self.answer(connection):
                    return
                rest = connection.rest
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(peer)
            peer.close()
