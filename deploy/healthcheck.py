"""Whether the web process in this container answers. It asks for the host of BASE_URL: others are refused."""

import os
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

host = urlsplit(os.environ.get("BASE_URL", "")).netloc or "localhost"
line = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
line.request("GET", "/healthz", headers={"Host": host})
sys.exit(line.getresponse().status != 200)
