"""What became of a mail after it left, and when its notice was first read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0003_endings"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="bounced_at",
            field=models.DateTimeField(help_text="When a mail server said that it could not deliver it.", null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="opened_at",
            field=models.DateTimeField(help_text="When somebody with its link first read it.", null=True),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("bounced_at", None), ("state", "handed_over"), _connector="OR"),
                name="message_bounced_after",
            ),
        ),
    ]
