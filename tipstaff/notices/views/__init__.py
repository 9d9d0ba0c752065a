from tipstaff.notices.views.public import private

__all__ = ["private"]
