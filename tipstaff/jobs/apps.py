from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "tipstaff.jobs"
    label = "jobs"

    def ready(self) -> None:
        from tipstaff.jobs import checks, watch  # noqa: F401  registers them
