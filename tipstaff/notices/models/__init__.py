"""What is told: mail in the outbox, durable pages, and signed webhooks for machines."""

from tipstaff.notices.models.delivery import Delivery
from tipstaff.notices.models.endpoint import Endpoint
from tipstaff.notices.models.message import ATTEMPTS, Message, new_message_id
from tipstaff.notices.models.notice import Notice
from tipstaff.notices.models.reminder import Reminder

__all__ = ["ATTEMPTS", "Delivery", "Endpoint", "Message", "Notice", "Reminder", "new_message_id"]
