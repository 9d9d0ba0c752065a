"""The web application, served by Granian."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from tipstaff import tracing
from tipstaff.metrics import share

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tipstaff.settings")
share(settings.METRICS_DIR)
tracing.start("web")
application = get_wsgi_application()
