"""A real nginx on a free loopback port, for as long as a `with` lasts.

Its configuration, logs and temporary files live in a folder of its own, which
goes away with it; nothing of /etc/nginx is read. One process without a master:
it runs as whoever starts it and is ended by its own pid. If the process that
started it dies without a goodbye, the kernel ends it.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

MODULES = "/usr/lib/nginx/modules"
PR_SET_PDEATHSIG = 1

_CONFIG = """\
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
{modules}
events {{ worker_connections 4096; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  log_format short '$request_method $request_uri $status';
  access_log {access_log};
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 64m;
  sendfile on;
  keepalive_requests 100000;
  {http}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    root {www};
    {server}
  }}
}}
"""


def find_nginx():
    """Debian keeps it in /usr/sbin, which is not on everybody's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """For preexec_fn: SIGKILL when the starting thread ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class NginxServer:
    """Serves the folder `www`; `server` adds to its server block.

    `port` is taken when it is free, else another one.
    """

    def __init__(self, www, server="", http="", modules=(), access_log=True,
                 port=0):
        self.www = os.path.abspath(www)
        self.dir = tempfile.mkdtemp(prefix="thumbmill-nginx-")
        self.port = 0
        self.process = None
        self._wanted_port = port
        self._server = server
        self._http = http
        self._modules = modules
        self._access_log = access_log

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        try:
            # Between finding a free port and listening on it somebody else
            # may take it: another one, then.
            for _ in range(5):
                if self._start():
                    return self
            raise RuntimeError("nginx does not start: " + self.errors())
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:  # a client holds on
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def errors(self):
        try:
            with open(f"{self.dir}/error.log", encoding="utf-8") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def requests(self):
        """What was asked, as (method, uri, status), in order of ending."""
        with open(f"{self.dir}/access.log", encoding="utf-8") as log:
            lines = [line.split() for line in log]
        return [(method, uri, int(status)) for method, uri, status in lines]

    def forget_requests(self):
        # nginx appends: its next line starts the file anew.
        os.truncate(f"{self.dir}/access.log", 0)

    def _start(self):
        self.port, self._wanted_port = self._wanted_port or _free_port(), 0
        modules = "\n".join(
            f"load_module {MODULES}/{name}.so;" for name in self._modules)
        log = f"{self.dir}/access.log short" if self._access_log else "off"
        with open(f"{self.dir}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(_CONFIG.format(
                dir=self.dir, www=self.www, port=self.port, modules=modules,
                server=self._server, http=self._http, access_log=log))
        nginx = find_nginx()
        if not nginx:
            raise RuntimeError("nginx is not installed")
        # A session of its own: Ctrl-C is for the programs that use it.
        self.process = subprocess.Popen(
            [nginx, "-p", self.dir, "-e", f"{self.dir}/error.log",
             "-c", f"{self.dir}/nginx.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=die_with_parent)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            time.sleep(0.02)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        return False
