from tipstaff.formats import DATE_INPUT_FORMATS as DATE_INPUT_FORMATS

DATE_FORMAT = "j F Y"
SHORT_DATE_FORMAT = "j F Y"  # months have no short names
DATETIME_FORMAT = "j F Y، H:i"
SHORT_DATETIME_FORMAT = "j F Y، H:i"
