"""Questions about clicks, each a function. `clicks` counts people, `bots` what a maintained list names, each apart."""

from .asking import Counts, Filter, Of, Question, check
from .breaking_down import MOST, Breakdown, breakdown
from .counting import MAX_BUCKETS, Bucket, Interval, Series, Summary, series, summary
from .live import Live, look, stream
from .newest import Visit, Visits, newest
from .tables import CapturedClick, ClampedClick, Click, DeadLetter, Hour, Outbox, VisitorSalt

__all__ = [
    "MAX_BUCKETS",
    "MOST",
    "Breakdown",
    "Bucket",
    "CapturedClick",
    "ClampedClick",
    "Click",
    "Counts",
    "DeadLetter",
    "Filter",
    "Hour",
    "Interval",
    "Live",
    "Of",
    "Outbox",
    "Question",
    "Series",
    "Summary",
    "Visit",
    "VisitorSalt",
    "Visits",
    "breakdown",
    "check",
    "look",
    "newest",
    "series",
    "stream",
    "summary",
]
