from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "tipstaff.workflow"
    label = "workflow"
